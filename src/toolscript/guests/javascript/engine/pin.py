"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "25e96180823df759755e666295a8cf0d7fe9dabf1232de65e9cca8b0e49c1cac"
