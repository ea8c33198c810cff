"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "0ca99e21cc6a903b6655a8625f9de77f77108498237d2c3903560ee278ecd41b"
