"""What a user may be allowed to do with the register."""

VIEW_BANKS = "headbank.view_bank"
MANAGE_BANKS = "headbank.manage_banks"
REGISTER_BANK = "headbank.register_bank"
VIEW_WINDOWS = "headbank.view_window"
SETTLE = "headbank.settle"
PUBLISH_DIRECTORY = "headbank.publish_directory"
