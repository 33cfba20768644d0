"""Pixels that are open at once: no more than there may be, and nobody waits for ever."""

import multiprocessing
import threading
import time

import pytest

from polycolor_cli.batch.budget import PixelBudget

CONTEXT = multiprocessing.get_context("spawn")


def test_what_fits_is_open_together_and_what_does_not_waits() -> None:
    budget, waited = PixelBudget(CONTEXT, 10), threading.Event()

    def third() -> None:
        with budget.hold(3):
            waited.set()

    with budget.hold(6):
        with budget.hold(4):
            threading.Thread(target=third, daemon=True).start()
            assert not waited.wait(0.2)
        # four are free again, which is enough for three
        assert waited.wait(5)


def test_one_that_is_larger_than_all_is_open_alone() -> None:
    budget, waited = PixelBudget(CONTEXT, 10), threading.Event()

    def small() -> None:
        with budget.hold(1):
            waited.set()

    with budget.hold(1000):
        threading.Thread(target=small, daemon=True).start()
        assert not waited.wait(0.2)
    assert waited.wait(5)
    with budget.hold(10):
        pass


def test_everybody_who_waits_is_told() -> None:
    budget, began = PixelBudget(CONTEXT, 10), threading.Barrier(4)
    done = []

    def one() -> None:
        began.wait()
        with budget.hold(3):
            done.append(1)
            time.sleep(0.05)

    with budget.hold(10):
        threads = [threading.Thread(target=one, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        began.wait()
        time.sleep(0.1)
        assert not done
    for thread in threads:
        thread.join(5)
    assert len(done) == 3


def test_what_fails_gives_back_what_it_held() -> None:
    budget = PixelBudget(CONTEXT, 10)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.hold(7):
            raise ZeroDivisionError
