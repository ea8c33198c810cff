"""The SHA-256 of `guest.wasm`, beside which no other is ever loaded. Snapshots depend on it."""

SHA256 = "81e481c47c474a9b55ecf90edf58abb718c5efef5750b6178d06184c32ddbcc1"
