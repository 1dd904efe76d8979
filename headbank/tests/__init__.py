"""What the register of banks promises."""
