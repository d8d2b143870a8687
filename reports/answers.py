"""The questions of a reader, each with the claims that answer it and the answer in a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bench.claims.verdicts import ClaimResult, Verdict
from reports.sentences import write_answer

NOT_MEASURED = "Not measured here."
ASKED_HERE = "asked here, not said in the paper"


@dataclass(frozen=True)
class Answer:
    """A question, and the claims that answer it."""

    question: str
    results: tuple[ClaimResult, ...]

    @property
    def id(self) -> str:
        """The HTML id of its card."""
        return f"answer-{self.results[0].claim.id}"

    @property
    def tone(self) -> str:
        """The verdict that the judged claims of its sentence share, or `partly`."""
        own = [one for one in self.results if one.claim.origin == "paper"] or self.results
        verdicts = {one.verdict for one in own} - {Verdict.NOT_MEASURED} or {Verdict.NOT_MEASURED}
        return str(verdicts.pop() if len(verdicts) == 1 else Verdict.PARTLY)

    @property
    def unmeasured(self) -> tuple[ClaimResult, ...]:
        """The claims without a measured case."""
        return tuple(one for one in self.results if one.verdict is Verdict.NOT_MEASURED)

    @cached_property
    def sentence(self) -> str:
        """What the measurements say: about the paper's claims or, if it makes none, about ours."""
        paper = [one for one in self.results if one.claim.origin == "paper"]
        if not paper:
            return (
                f"{_capital(text)} ({ASKED_HERE})." if (text := self._asked_here) else NOT_MEASURED
            )
        text = write_answer(paper, self.results)
        return f"{_capital(text)}." if text else NOT_MEASURED

    @property
    def aside(self) -> str:
        """What they say beyond the paper's claims; "" if it makes none, or without a figure."""
        is_beside = any(one.claim.origin == "paper" for one in self.results)
        return (
            f"{_capital(ASKED_HERE)}: {self._asked_here}." if is_beside and self._asked_here else ""
        )

    @cached_property
    def _asked_here(self) -> str:
        own = [one for one in self.results if one.claim.origin == "asked here"]
        return write_answer(own, self.results)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def build_answers(claims: Iterable[ClaimResult]) -> tuple[Answer, ...]:
    """The questions, in the order of their first claims."""
    by_question: dict[str, list[ClaimResult]] = {}
    for result in claims:
        by_question.setdefault(result.claim.question, []).append(result)
    return tuple(Answer(question, tuple(own)) for question, own in by_question.items())
