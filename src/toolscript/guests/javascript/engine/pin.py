"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "aee6e8433333bdeba65857b9be722c44062551e0cab6decbc52ca56de778235d"
