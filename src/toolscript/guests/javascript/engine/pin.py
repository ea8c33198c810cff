"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "591631796f5b1bc70839126dabeb10357ff8a21f84b53c44714744e5ad62c72c"
