"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "82c0846789066ec46d9ccb2966a3be785cae86e1b012b0a143056a9ff292694d"
