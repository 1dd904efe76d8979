"""What the search box finds by an index: parts of names, phone numbers and account numbers, and a card's last digits."""

from django.db import migrations, models

# As Django asks: `icontains` compares UPPER(name). SQLite has no such index and reads through, which suits a bank that small.
_TRIGRAMS = {
    "customer_name_trigrams": ("accounts_customer", "UPPER(name::text)"),
    "customer_phone_trigrams": ("accounts_customer", "(phone::text)"),
    "account_number_trigrams": ("accounts_account", "(number::text)"),
}


def add(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # trusted: a database's owner may
    for name, (table, expression) in _TRIGRAMS.items():
        schema_editor.execute(f"CREATE INDEX {name} ON {table} USING gin ({expression} gin_trgm_ops)")


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in _TRIGRAMS:
            schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_till_sessions'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='card',
            index=models.Index(fields=['last_four', 'id'], name='card_last_four'),
        ),
        migrations.RunPython(add, remove),
    ]
