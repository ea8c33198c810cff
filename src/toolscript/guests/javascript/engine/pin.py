"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "773e80acbe04e9823a85e72c105b1ea9cd0039cd0026876618b26bb47dc4547c"
