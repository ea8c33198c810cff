"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "f4e5f944a03f69ac11018fbe504b8943d2cbd1195375cf97983856fbc9461803"
