"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "7729ad29dd044bee3e58cd6f56ea0abeca9b9f54c7b3df9084b48fc6e13e6b5a"
