"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "d06bd7358b5ed463f26c614bd9e9776e61ca59fefb5bf6432a203317aed151c5"
