"""What a user may be allowed to do with the register."""

MANAGE_BANKS = "headbank.manage_banks"
PUBLISH_DIRECTORY = "headbank.publish_directory"
