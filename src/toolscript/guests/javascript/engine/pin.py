"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "837cc13816ec76364a9fe8e1a0ec1cc0cf9fc5c0a9e3f81251b0dfbeb002d6ef"
