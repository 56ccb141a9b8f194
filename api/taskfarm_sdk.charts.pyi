# The public API of taskfarm-sdk 0.1.0, written by `make api`.
class Cell:
    first: int
    waiting: int
    computing: int
    done: int
    failed: int
    unknown: int
    percent: float

    def __attrs_post_init__(self) -> None:
        ...

    @property
    def num_tasks(self) -> int:
        ...

class Chart:
    title: str
    sentence: str
    svg: str
    html: str

class Row:
    name: str
    busy: Amounts

    def __attrs_post_init__(self) -> None:
        ...

STYLE = ...

class TextGrid:
    rows: tuple[str, ...]
    cells: tuple[Cell, ...]
    legend: tuple[tuple[str, str], ...]
    note: str
    sentence: str

class Timeline:

    def __init__(self, most: int=240, width_s: float=1 / 64) -> None:
        ...

    @property
    def width_s(self) -> float:
        ...

    def add(self, time_s: float, count: int=1) -> None:
        ...

    def add_span(self, begin_s: float, end_s: float, count: int | None=None) -> None:
        ...

    def add_all(self, other: Timeline) -> None:
        ...

    def amounts(self, begin_s: float, end_s: float, width_s: float) -> Amounts:
        ...

    @property
    def begin_s(self) -> float:
        ...

    @property
    def end_s(self) -> float:
        ...

def bar(*, waiting: int, computing: int, done: int, failed: int | None, percent: float | None=None, title: str='Progress') -> Chart:
    ...

def cells(tasks: Tasks, *, num_tasks: int, most: int=1000) -> list[Cell]:
    ...

def duration_text(duration_s: float) -> str:
    ...

def durations(durations_s: Iterable[float], *, noun: str='attempts', title: str='Durations') -> Chart:
    ...

def grid(cells: Sequence[Cell], *, columns: int | None=None, noun: str='task', unknown: str='unknown', title: str='Tasks') -> Chart:
    ...

def rate_text(per_s: float) -> str:
    ...

def rates(samples: Samples, *, outage_s: float=math.inf, gaps: Spans=(), most: int=120) -> tuple[Points, list[Span]]:
    ...

def text_bar(*, waiting: int, computing: int, done: int, failed: int | None, percent: float | None=None, width: int=30, glyphs: str='#x-') -> str:
    ...

def text_grid(cells: Sequence[Cell], *, columns: int=80, rows: int=16, noun: str='task', unknown: str='unknown') -> TextGrid:
    ...

def throughput(points: Points, *, gaps: Spans=(), gap_meaning: str='no data', noun: str='tasks', became: str='completed', title: str='Throughput') -> Chart:
    ...

def time_text(time_s: float) -> str:
    ...

def workers(rows: Sequence[Row], *, begin_s: float, end_s: float, others: int=0, title: str='Who worked when') -> Chart:
    ...
