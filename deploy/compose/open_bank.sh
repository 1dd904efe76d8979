#!/bin/sh
# open_bank.sh PUBLIC [HEAD_BANK_KEY]: open one bank, or find it open: its tables, keys, topic and sample staff and customers.
# Its public key goes to the folder PUBLIC. The head bank's, from the file HEAD_BANK_KEY, is the one thing it is given.
set -eu

if [ -n "${2:-}" ] && ! grep -q '^HEAD_BANK_KEY=' "$ENV_FILE"; then
    printf 'HEAD_BANK_KEY=%s\n' "$(cat "$2")" >> "$ENV_FILE"
fi
python manage.py migrate --verbosity 0
python manage.py open_bank
python manage.py create_topics
python manage.py seed_demo
cp "$MESSAGE_KEY_FILE.pub" "$1/message.key.pub"
