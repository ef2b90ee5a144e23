"""The stand-in Backend keeps to the contract, over real HTTP."""
