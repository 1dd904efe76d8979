-- The limit: what PostgreSQL does when everything is one call and nothing is in the way. Same tables, same constraints, same rows.
-- The rules are here in SQL only to know what they cost there; the product's rules are Python's.

CREATE OR REPLACE FUNCTION bench_pay_one(
    new_id uuid, from_number text, to_number text, amount bigint, in_currency text, text_of text, name_of text,
    bank text, by_user bigint, at timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    one accounts_account;
    debit accounts_account;
    credit accounts_account;
BEGIN
    FOR one IN SELECT * FROM accounts_account WHERE number IN (from_number, to_number) ORDER BY id FOR NO KEY UPDATE LOOP
        IF one.number = from_number THEN debit := one; ELSE credit := one; END IF;
    END LOOP;
    CASE
        WHEN debit.id IS NULL OR credit.id IS NULL THEN RETURN 'account-unknown';
        WHEN debit.currency <> in_currency OR credit.currency <> in_currency THEN RETURN 'currency-mismatch';
        WHEN debit.status = 'closed' OR credit.status = 'closed' THEN RETURN 'account-closed';
        WHEN debit.status = 'frozen' THEN RETURN 'account-frozen';
        WHEN amount > debit.balance_minor - debit.held_minor - debit.floor_minor THEN RETURN 'insufficient-funds';
        WHEN amount > credit.ceiling_minor - credit.balance_minor THEN RETURN 'ceiling-exceeded';
        ELSE NULL;
    END CASE;
    UPDATE accounts_account SET balance_minor = balance_minor - amount, last_seq = last_seq + 1 WHERE id = debit.id;
    UPDATE accounts_account SET balance_minor = balance_minor + amount, last_seq = last_seq + 1 WHERE id = credit.id;
    INSERT INTO accounts_posting (
        transfer_id, leg, debit_account_id, credit_account_id, amount_minor, currency,
        debit_seq, debit_balance_after, credit_seq, credit_balance_after, booked_at
    ) VALUES (
        new_id, 'book', debit.id, credit.id, amount, in_currency,
        debit.last_seq + 1, debit.balance_minor - amount, credit.last_seq + 1, credit.balance_minor + amount, at
    );
    INSERT INTO transfers_transfer (
        id, kind, status, amount_minor, currency, debtor_number, debtor_name, creditor_number, creditor_name,
        origin_bank, origin_id, destination_bank, reference, end_to_end_id, asked_by_id, created_at, settled_at
    ) VALUES (
        new_id, 'internal', 'completed', amount, in_currency, from_number, debit.holder_name, to_number, credit.holder_name,
        bank, new_id, bank, text_of, name_of, by_user, at, at
    );
    INSERT INTO transfers_transferevent (transfer_id, type, at) VALUES (new_id, 'completed', at);
    RETURN 'completed';
END $$;

-- All payments of a batch, or none: places and balances come from window functions over both sides of every payment.
CREATE OR REPLACE FUNCTION bench_pay_many(
    new_ids uuid[], from_numbers text[], to_numbers text[], amounts bigint[], in_currency text, texts text[], names text[],
    bank text, by_user bigint, at timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    PERFORM 1 FROM accounts_account WHERE number = ANY (from_numbers || to_numbers) ORDER BY id FOR NO KEY UPDATE;
    WITH payment AS MATERIALIZED (
        SELECT p.*, d.id AS debit_id, d.holder_name AS debtor_name, c.id AS credit_id, c.holder_name AS creditor_name
        FROM unnest(new_ids, from_numbers, to_numbers, amounts, texts, names) WITH ORDINALITY
            AS p(id, from_number, to_number, amount, text_of, name_of, place)
        JOIN accounts_account d ON d.number = p.from_number AND d.currency = in_currency AND d.status = 'open'
        JOIN accounts_account c ON c.number = p.to_number AND c.currency = in_currency AND c.status <> 'closed'
    ), side AS (
        SELECT place, debit_id AS account_id, -amount AS change FROM payment
        UNION ALL
        SELECT place, credit_id, amount FROM payment
    ), running AS MATERIALIZED (
        SELECT side.place, side.account_id, side.change < 0 AS is_debit,
            a.last_seq + row_number() OVER w AS seq,
            a.balance_minor + sum(side.change) OVER w AS balance_after,
            a.balance_minor + sum(side.change) OVER w - a.held_minor - a.floor_minor AS left_over,
            row_number() OVER (PARTITION BY side.account_id ORDER BY side.place DESC) AS from_end
        FROM side JOIN accounts_account a ON a.id = side.account_id
        WINDOW w AS (PARTITION BY side.account_id ORDER BY side.place ROWS UNBOUNDED PRECEDING)
    ), fit AS MATERIALIZED (
        SELECT coalesce(min(left_over), -1) >= 0 AS yes FROM running
    ), posted AS (
        INSERT INTO accounts_posting (
            transfer_id, leg, debit_account_id, credit_account_id, amount_minor, currency,
            debit_seq, debit_balance_after, credit_seq, credit_balance_after, booked_at
        )
        SELECT p.id, 'book', p.debit_id, p.credit_id, p.amount, in_currency, d.seq, d.balance_after, c.seq, c.balance_after, at
        FROM payment p
        JOIN running d ON d.place = p.place AND d.is_debit
        JOIN running c ON c.place = p.place AND NOT c.is_debit
        WHERE (SELECT yes FROM fit)
        ORDER BY p.place
        RETURNING 1
    ), moved AS (
        UPDATE accounts_account a SET balance_minor = r.balance_after, last_seq = r.seq
        FROM running r WHERE r.from_end = 1 AND a.id = r.account_id AND (SELECT yes FROM fit)
    ), ordered AS (
        INSERT INTO transfers_transfer (
            id, kind, status, amount_minor, currency, debtor_number, debtor_name, creditor_number, creditor_name,
            origin_bank, origin_id, destination_bank, reference, end_to_end_id, asked_by_id, created_at, settled_at
        )
        SELECT p.id, 'internal', 'completed', p.amount, in_currency, p.from_number, p.debtor_name, p.to_number, p.creditor_name,
            bank, p.id, bank, p.text_of, p.name_of, by_user, at, at
        FROM payment p WHERE (SELECT yes FROM fit)
    ), told AS (
        INSERT INTO transfers_transferevent (transfer_id, type, at) SELECT p.id, 'completed', at FROM payment p WHERE (SELECT yes FROM fit)
    )
    SELECT count(*) INTO done FROM posted;
    IF done <> cardinality(new_ids) THEN
        RAISE EXCEPTION 'of % payments % could be booked', cardinality(new_ids), done;
    END IF;
    RETURN done;
END $$;
