"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "554632ae7650df1fd1d6a605891f610e2fd02cc8b260bd74fe13699ed79a013a"
