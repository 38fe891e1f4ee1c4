"""What many ask for at once is done for all of them, and nobody is made to pay for another."""

import threading
import time

import pytest

from outbound.together import Together


class Deed:
    """Doubles numbers; the first call lasts until `go_on`. Refuses what holds `poison`."""

    def __init__(self, poison: int | None = None) -> None:
        self.poison = poison
        self.go_on = threading.Event()
        self.calls: list[list[int]] = []

    def __call__(self, numbers):
        self.calls.append(sorted(numbers))
        if len(self.calls) == 1:
            assert self.go_on.wait(10)
        if self.poison in numbers:
            raise KeyError(self.poison)
        return [2 * number for number in numbers]


def asked_while_the_first_is_done(deed: Deed, numbers: list[int]) -> dict[int, object]:
    """What each was answered, or raised: the first is under way when the others ask."""
    together = Together(deed)
    answers: dict[int, object] = {}

    def ask(number):
        try:
            answers[number] = together.ask(number)
        except KeyError as error:
            answers[number] = error

    threads = [threading.Thread(target=ask, args=(number,)) for number in numbers]
    threads[0].start()
    while not deed.calls:
        time.sleep(0.001)
    for thread in threads[1:]:
        thread.start()
    while len(together._waiting) < len(numbers) - 1:
        time.sleep(0.001)
    deed.go_on.set()
    for thread in threads:
        thread.join(10)
    return answers


def test_who_asks_meanwhile_is_served_together():
    deed = Deed()

    answers = asked_while_the_first_is_done(deed, [1, 2, 3, 4])

    assert answers == {1: 2, 2: 4, 3: 6, 4: 8}
    assert deed.calls == [[1], [2, 3, 4]]


def test_who_cannot_be_served_fails_alone():
    answers = asked_while_the_first_is_done(deed := Deed(poison=3), [1, 2, 3, 4])

    assert isinstance(answers.pop(3), KeyError)
    assert answers == {1: 2, 2: 4, 4: 8}
    assert deed.calls[1] == [2, 3, 4]


def test_an_error_comes_out_where_it_was_asked():
    deed = Deed(poison=1)
    deed.go_on.set()

    with pytest.raises(KeyError):
        Together(deed).ask(1)
