"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "30e70a4b42b8cd17c3a7234932b46c91101177a988dbacdd8fd9fa07d1ee52b0"
