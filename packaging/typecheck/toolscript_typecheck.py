"""The native checker of TypeScript, in `lib`: for toolscript, which finds it here. There is nothing to import."""
