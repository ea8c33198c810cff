"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "5829c75b1ebdf233ceafd8e674dac7b845a0a0929afb005ae8ca8f906e245c54"
