"""Privacy models: pure functions over class counts, and the one interface by which every search asks for them."""
