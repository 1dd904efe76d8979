-- A history: payment i takes a cent from account i to account i + 1 of a ring, so each account gives and gets one cent a round.
-- The accounts have one posting each, the money they were opened with; account 0 gives before it gets, all others get before they give.

SET LOCAL statement_timeout = 0;

SET LOCAL session_replication_role = replica;

CREATE TEMPORARY TABLE ring ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, number, holder_name, balance_minor AS opening
    FROM accounts_account WHERE customer_id IS NOT NULL;

CREATE TEMPORARY TABLE history ON COMMIT DROP AS
    SELECT
        (lpad(to_hex(1700000000000 + i), 12, '0') || '7' || lpad(to_hex(i & 4095), 3, '0') || '8' || lpad(to_hex(i), 15, '0'))::uuid AS id,
        now() - interval '1 day' + i * interval '1 millisecond' AS at,
        'history-' || i AS name_of,
        d.id AS debit_id, d.number AS debtor_number, d.holder_name AS debtor_name,
        2 * (i / %(accounts)s) + CASE WHEN d.place = 0 THEN 2 ELSE 3 END AS debit_seq,
        d.opening - CASE WHEN d.place = 0 THEN 1 ELSE 0 END AS debit_balance_after,
        c.id AS credit_id, c.number AS creditor_number, c.holder_name AS creditor_name,
        2 * (i / %(accounts)s) + CASE WHEN c.place = 0 THEN 3 ELSE 2 END AS credit_seq,
        c.opening + CASE WHEN c.place = 0 THEN 0 ELSE 1 END AS credit_balance_after
    FROM generate_series(0::bigint, %(postings)s - 1) AS i
    JOIN ring d ON d.place = i %% %(accounts)s
    JOIN ring c ON c.place = (i + 1) %% %(accounts)s
    ORDER BY i;

INSERT INTO transfers_transfer (
    id, kind, status, amount_minor, currency, debtor_number, debtor_name, creditor_number, creditor_name,
    origin_bank, origin_id, destination_bank, reference, end_to_end_id, asked_by_id, created_at, settled_at
)
SELECT id, 'internal', 'completed', 1, 'EUR', debtor_number, debtor_name, creditor_number, creditor_name,
    %(bank)s, id, %(bank)s, 'history', name_of, %(by)s, at, at
FROM history;

INSERT INTO transfers_transferevent (transfer_id, type, at) SELECT id, 'completed', at FROM history;

INSERT INTO accounts_posting (
    transfer_id, leg, debit_account_id, credit_account_id, amount_minor, currency,
    debit_seq, debit_balance_after, credit_seq, credit_balance_after, booked_at
)
SELECT id, 'book', debit_id, credit_id, 1, 'EUR', debit_seq, debit_balance_after, credit_seq, credit_balance_after, at FROM history;

UPDATE accounts_account SET last_seq = last_seq + 2 * (%(postings)s / %(accounts)s) WHERE id IN (SELECT id FROM ring);
