"""A small finished run in memory, as a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from modelaudit.domain import refs
from modelaudit.domain.claim import Conflict, Measured
from modelaudit.domain.finding import (
    Closeness,
    Coverage,
    Finding,
    Gone,
    ListUsed,
    Order,
    Reach,
    Run,
    Summary,
)
from modelaudit.domain.model import Gap
from modelaudit.domain.refs import ModelRef
from modelaudit.domain.sketch import Weighed
from modelaudit.domain.waiver import Decision, Waiver, WaiverUse
from modelaudit.domain.words import (
    ConflictKind,
    GapReason,
    Grade,
    Kinship,
    Read,
    Relation,
    Verdict,
)
from tests.report.rows import ENTRY, HOSTILE, SD21, SEEN, XL, claim, findings
from tests.report.weighing import several

OLD = Waiver(
    decision=Decision.APPEAL_PENDING,
    reason="The publisher appealed <b>\x1b[31m</b> | `now`",
    by="=reviewer-2@trust.example",
    on="2026-08-21",
    until="2026-12-21",
    entry=ENTRY,
    model="hf:example-archive/*",
)


def waived(text: str) -> Waiver:
    """A decision whose every word is this text."""
    return replace(OLD, reason=text, by=text, entry=text, model=text)


@dataclass
class SampleReport:
    """A report in memory; the summary is counted from the findings."""

    rows: list[Finding]
    run: Run
    coverage: Coverage = field(default_factory=Coverage)
    contradictions: tuple[Conflict, ...] = ()
    left: tuple[Gone, ...] = ()
    weighed: list[Weighed] = field(default_factory=list)
    idle: tuple[WaiverUse, ...] = ()
    """Decisions that cover none of the rows."""

    @property
    def summary(self) -> Summary:
        strongest: dict[ModelRef, Finding] = {}
        rows = [row for row in self.rows if row.waiver is None]
        for row in sorted(rows, key=lambda row: row.verdict):
            strongest[row.model] = row
        reach: Counter[str] = Counter()
        for model, row in strongest.items():
            if row.verdict is Verdict.TAKE_DOWN:
                reach[refs.platform(model)] += row.downloads or 0
        windows = {"hf": "30d", "civitai": "all"}
        return Summary(
            findings=Counter(row.verdict for row in rows),
            models=Counter(row.verdict for row in strongest.values()),
            verdict_by_grade={
                verdict: Counter(row.grade for row in rows if row.verdict is verdict)
                for verdict in Verdict
            },
            by_entry=Counter(row.entry for row in rows),
            waived=sum(row.waiver is not None for row in self.rows),
            downloads_affected={
                name: Reach(count=count, window=windows[name])
                for name, count in reach.items()
                if name in windows
            },
            states=Counter(row.state for row in rows),
        )

    def findings(
        self, *, order: Order = "id", limit: int | None = None, waived: bool | None = None
    ) -> Iterator[Finding]:
        def by_id(row: Finding) -> tuple[object, ...]:
            return (row.id,)

        def by_reach(row: Finding) -> tuple[object, ...]:
            return (row.waiver is not None, -row.verdict, -(row.downloads or 0), row.id)

        rows = [row for row in self.rows if waived in (None, row.waiver is not None)]
        yield from sorted(rows, key=by_id if order == "id" else by_reach)[:limit]

    def waivers(self) -> list[WaiverUse]:
        used = Counter(row.waiver for row in self.rows if row.waiver is not None)
        active = [WaiverUse(waiver=w, findings=n, expired=False) for w, n in used.items()]
        return [*active, *self.idle]

    def conflicts(self) -> Iterator[Conflict]:
        yield from self.contradictions

    def compared(self, *, order: Closeness = "id", limit: int | None = None) -> Iterator[Weighed]:
        def by_id(row: Weighed) -> tuple[object, ...]:
            return (row.model, row.path)

        def by_kinship(row: Weighed) -> tuple[object, ...]:
            return (-closest(row), row.model, row.path)

        yield from sorted(self.weighed, key=by_id if order == "id" else by_kinship)[:limit]

    def kinships(self) -> Mapping[Kinship, int]:
        return Counter(map(closest, self.weighed))

    def gone(self) -> Iterator[Gone]:
        yield from self.left


def closest(row: Weighed) -> Kinship:
    return max((kin.comparison.overall.grade for kin in row.kin), default=Kinship.UNRELATED)


def sample() -> SampleReport:
    rows = findings()
    told = refs.hf("example-lab/two-stories")
    return SampleReport(
        rows=rows,
        weighed=several(),
        run=Run(
            id="2026-11-22T01:00:00Z-4f2a",
            started=SEEN - 123,
            finished=SEEN + 3_600,
            tool="modelaudit 0.1.0",
            sources=("hf:descendants-of/runwayml/stable-diffusion-v1-5", "civitai:", "it's here"),
            standard=Grade.DECLARED,
            read=Read.HEADERS,
            blocklists=(
                ListUsed(id="laion-5b", version="2026.11.22", sha256="9d0e" * 16),
                ListUsed(id="known-files", version="2026.11.20", sha256="51c3" * 16),
            ),
        ),
        coverage=Coverage(
            models=12_407,
            files=18_220,
            headers_read=11_980,
            bytes_read=3_328_599_654,
            requests=4_120,
            lineage_known=9_820,
            never_examined=427,
            no_evidence=2_160,
            entries_without_reference=("laion-5b/sd-2.1", "known-files/example"),
            gaps=(
                Gap(
                    reason=GapReason.GATED,
                    detail="asks for consent",
                    model=refs.hf("example-lab/gated"),
                ),
                Gap(
                    reason=GapReason.MALFORMED,
                    detail='id is 7, not text: "<b>"',
                    model=HOSTILE,
                    file="x\x1b.ckpt",
                ),
                Gap(reason=GapReason.OUT_OF_BUDGET, detail="headers not read", count=311),
                Gap(reason=GapReason.PICKLE_REFUSED, detail="only .ckpt files", count=71),
                Gap(reason=GapReason.RATE_LIMITED, detail="gave up after 5 waits", count=44),
            ),
        ),
        contradictions=(
            Conflict(
                model=told,
                kind=ConflictKind.FAMILY,
                claims=(
                    claim(told, XL, Relation.FINETUNE),
                    claim(
                        told,
                        SD21,
                        Relation.FINETUNE,
                        Grade.RECORDED,
                        "modelspec.architecture",
                        "header",
                    ),
                ),
            ),
            *rows[1].conflicts,
            Conflict(
                model=ModelRef("folder:loras/wrong.safetensors"),
                kind=ConflictKind.FAMILY,
                claims=(),
                measured=Measured(
                    file="wrong\x1b.safetensors",
                    family="sdxl",
                    reason="'attn2_to_k.lora_down.weight' [4, 2048]",
                    observed=1_763_000_000,
                    says="sd1, by ss_base_model_version",
                ),
            ),
        ),
        idle=(
            WaiverUse(waiver=replace(OLD, until="2026-10-01"), findings=2, expired=True),
            WaiverUse(waiver=OLD, findings=0, expired=False),
        ),
        left=(
            Gone(
                id=f"{ENTRY}/hf:example-publisher/removed",
                reason="the page answers 404",
                first_absent=SEEN - 200_000,
                confirmed=SEEN - 90_000,
            ),
            Gone(
                id=f"{ENTRY}/hf:example-publisher/corrected",
                reason="the claim was withdrawn",
                first_absent=SEEN,
            ),
        ),
    )
