"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "f25289fb0d0fb6877845f51e9a95979933994200cfaf195732b98c793117bc37"
