"""The first answer is given again: alone, in a crowd, after a refusal, after a crash."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from access.errors import InProgress, KeyReused
from access.idempotency import Answer, Fresh, Repeated, forget, keep, once, once_each
from access.models import IdempotencyKey
from access.retry import retrying
from access.tests.people import at_once


def _open_vault(name: str = "vault", *, status: int = 201) -> Callable[[], Answer]:
    """Return an effect that leaves one row and says `status`."""

    def effect() -> Answer:
        opened = Group.objects.create(name=f"{name} {Group.objects.count() + 1}")
        return Answer(status=status, body={"opened": opened.name})

    return effect


def _once(effect: Callable[[], Answer], **changes: Any) -> Answer:
    return once(**{"principal": "alice", "key": "k-1", "fingerprint": "f", **changes}, effect=effect)


@pytest.mark.money
@pytest.mark.django_db
class TestOnce:
    def test_runs_the_effect_the_first_time_and_repeats_its_answer(self) -> None:
        first = _once(_open_vault())

        second = _once(_open_vault())

        assert first == Answer(status=201, body={"opened": "vault 1"})
        assert second == Answer(status=201, body={"opened": "vault 1"}, replayed=True)
        assert Group.objects.count() == 1

    def test_refuses_the_key_for_another_request(self) -> None:
        _once(_open_vault())

        with pytest.raises(KeyReused):
            _once(_open_vault(), fingerprint="another")

        assert Group.objects.count() == 1

    def test_keeps_principals_apart(self) -> None:
        alices = _once(_open_vault())

        bobs = _once(_open_vault(), principal="bob")

        assert (alices.replayed, bobs.replayed) == (False, False)
        assert Group.objects.count() == 2

    def test_undoes_the_effect_of_a_refusal_and_keeps_the_answer(self) -> None:
        refused = _once(_open_vault(status=422))

        again = _once(_open_vault())

        assert Group.objects.count() == 0
        assert again == Answer(status=422, body=refused.body, replayed=True)

    def test_keeps_no_answer_of_ours_that_may_turn_out_better(self) -> None:
        failed = _once(_open_vault(status=503))

        again = _once(_open_vault())

        assert failed.status == 503
        assert again == Answer(status=201, body={"opened": "vault 1"})

    def test_keeps_nothing_of_an_effect_that_raised(self) -> None:
        def stumble() -> Answer:
            _open_vault()()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            _once(stumble)

        assert Group.objects.count() == 0
        assert IdempotencyKey.objects.count() == 0


@pytest.mark.money
@pytest.mark.django_db(transaction=True)
class TestACrowdWithOneKey:
    def test_causes_one_effect_and_gets_identical_answers(self) -> None:
        answers = at_once([lambda: _once(_open_vault())] * 20)

        assert Group.objects.count() == 1
        assert {(answer.status, str(answer.body)) for answer in answers} == {(201, "{'opened': 'vault 1'}")}
        assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19

    def test_gets_one_refusal_all_together(self) -> None:
        turns = iter(range(20))

        def refuse() -> Answer:
            return Answer(status=422, body={"turn": next(turns)})

        answers = at_once([lambda: _once(refuse)] * 20)

        assert len({str(answer.body) for answer in answers}) == 1
        assert IdempotencyKey.objects.get().status == 422

    def test_gets_the_success_that_was_stored_while_a_refusal_was_on_its_way(self) -> None:
        verdicts = iter([422])

        def refuse_once() -> Answer:
            status = next(verdicts, 201)
            return Answer(status=status, body={"status": status})

        answers = at_once([lambda: _once(refuse_once)] * 8)

        kept = IdempotencyKey.objects.get()
        assert {answer.status for answer in answers} == {kept.status}


@pytest.mark.django_db(transaction=True)
class TestAProcessThatDies:
    def test_leaves_neither_key_nor_effect_behind(self) -> None:
        def die() -> Answer:
            _open_vault()()
            connection.connection.close()  # what a killed process looks like to the database
            raise KeyboardInterrupt

        (killed,) = at_once([lambda: _once(die)])
        again = _once(_open_vault())

        assert isinstance(killed, BaseException)
        assert again == Answer(status=201, body={"opened": "vault 1"})

    @pytest.mark.postgres
    def test_makes_others_wait_no_longer_than_the_lock_timeout(self) -> None:
        working, finish = threading.Event(), threading.Event()

        def linger() -> Answer:
            working.set()
            finish.wait(10)
            return Answer(status=201, body={})

        def ask_meanwhile() -> Answer:
            working.wait(10)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
            try:
                return _once(_open_vault())
            finally:
                finish.set()

        first, second = at_once([lambda: _once(linger), ask_meanwhile])

        assert first == Answer(status=201, body={})
        assert second == InProgress(key="k-1")


@pytest.mark.money
@pytest.mark.django_db
class TestOnceEach:
    def test_tells_fresh_repeated_and_reused_keys_apart_in_the_order_given(self) -> None:
        with transaction.atomic():
            once_each(principal="file", keys=[("b", "1"), ("a", "1")])
            keep(principal="file", bodies={"a": {"transfer": "A"}, "b": {"transfer": "B"}})

        with transaction.atomic():
            found = once_each(principal="file", keys=[("c", "1"), ("b", "1"), ("a", "other"), ("c", "1"), ("c", "other")])

        assert found == [Fresh(), Repeated(body={"transfer": "B"}), KeyReused(key="a"), Repeated(body={}, first=0), KeyReused(key="c")]

    def test_judges_a_forgotten_key_anew(self) -> None:
        with transaction.atomic():
            once_each(principal="file", keys=[("a", "1"), ("b", "1")])
            forget(principal="file", keys=["a"])

        with transaction.atomic():
            found = once_each(principal="file", keys=[("a", "2"), ("b", "1")])

        assert found == [Fresh(), Repeated(body={})]

    def test_takes_text_as_it_comes(self) -> None:
        odd = "NL01\"\\{},'%s é€"

        with transaction.atomic():
            first = once_each(principal=odd, keys=[(odd, odd)])
            keep(principal=odd, bodies={odd: {"text": odd}})
            again = once_each(principal=odd, keys=[(odd, odd)])

        assert (first, again) == ([Fresh()], [Repeated(body={"text": odd})])

    def test_asks_the_database_as_often_for_a_thousand_keys_as_for_one(self, django_assert_num_queries: Callable[[int], Any]) -> None:
        with transaction.atomic(), django_assert_num_queries(2):
            once_each(principal="file", keys=[("one", "1")])

        with transaction.atomic(), django_assert_num_queries(2):
            once_each(principal="file", keys=[(f"k{number}", "1") for number in range(1_000)])


@pytest.mark.money
@pytest.mark.django_db(transaction=True)
class TestTwoImportersOfOneChunk:
    def test_share_the_keys_without_a_deadlock(self) -> None:
        names = [f"line-{number}" for number in range(300)]
        both_ready = threading.Barrier(2)

        tries: list[str] = []

        def claim_all(order: list[str]) -> int:
            tries.append(order[0])
            with transaction.atomic():
                found = once_each(principal="file", keys=[(name, "1") for name in order])
                keep(principal="file", bodies={name: {} for name, is_mine in zip(order, found, strict=True) if is_mine == Fresh()})
            return found.count(Fresh())

        def import_chunk(order: list[str]) -> int:
            both_ready.wait(10)
            return retrying(lambda: claim_all(order))

        for turn in range(5):
            chunk = [f"{turn}-{name}" for name in names]
            taken = at_once([partial(import_chunk, chunk), partial(import_chunk, chunk[::-1])])

            assert sorted(taken, key=str) == [0, 300]
        if connection.vendor == "postgresql":
            assert len(tries) == 10, "a deadlock was broken and tried again"
