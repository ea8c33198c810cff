"""What the engine has of Python's library; a test asks it."""

from __future__ import annotations

from collections.abc import Mapping

_MODULES = {
    "asyncio": "run sleep gather",
    "base64": "encodebytes decodebytes b64encode b64decode b32encode b32decode b32hexencode b32hexdecode b16encode "
    "b16decode b85encode b85decode a85encode a85decode standard_b64encode standard_b64decode urlsafe_b64encode "
    "urlsafe_b64decode",
    "binascii": "Error Incomplete a2b_base64 a2b_hex a2b_qp a2b_uu b2a_base64 b2a_hex b2a_qp b2a_uu crc32 crc_hqx "
    "hexlify unhexlify",
    "bisect": "bisect bisect_left bisect_right insort insort_left insort_right",
    "collections": "Counter defaultdict deque namedtuple",
    "copy": "copy deepcopy",
    "csv": "QUOTE_MINIMAL QUOTE_ALL QUOTE_NONNUMERIC QUOTE_NONE Error Dialect excel excel_tab field_size_limit reader "
    "writer get_dialect list_dialects DictReader DictWriter unix_dialect",
    "dataclasses": "dataclass field FrozenInstanceError MISSING is_dataclass",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "BasicContext Clamped Context ConversionSyntax Decimal DecimalException DecimalTuple DefaultContext "
    "DivisionByZero DivisionImpossible DivisionUndefined ExtendedContext FloatOperation Inexact InvalidContext "
    "InvalidOperation MAX_EMAX MAX_PREC MIN_EMIN MIN_ETINY Overflow ROUND_05UP ROUND_CEILING ROUND_DOWN ROUND_FLOOR "
    "ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Rounded Subnormal Underflow getcontext localcontext "
    "setcontext",
    "functools": "cache lru_cache reduce partial",
    "hashlib": "md5 sha1 sha224 sha256 sha384 sha512 blake2b blake2s sha3_224 sha3_256 sha3_384 sha3_512 shake_128 "
    "shake_256 new algorithms_guaranteed algorithms_available pbkdf2_hmac",
    "itertools": "accumulate batched chain combinations combinations_with_replacement compress count cycle dropwhile "
    "filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
    "json": "dump dumps load loads JSONDecodeError",
    "math": "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
    "expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm "
    "ldexp lgamma "
    "log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp",
    "os": "altsep curdir pardir sep pathsep linesep name path devnull extsep environ fspath getenv urandom",
    "os.path": "normcase isabs join splitdrive split splitext basename dirname commonprefix normpath relpath "
    "commonpath "
    "sep curdir pardir altsep extsep",
    "pathlib": "Path",
    "random": "Random betavariate choice choices expovariate gammavariate gauss getrandbits getstate lognormvariate "
    "normalvariate paretovariate randbytes randint random randrange sample seed setstate shuffle triangular uniform "
    "vonmisesvariate weibullvariate",
    "re": "match fullmatch search sub split findall finditer compile escape error PatternError Pattern Match A I M S "
    "ASCII IGNORECASE MULTILINE DOTALL NOFLAG",
    "sys": "abiflags api_version argv byteorder copyright float_info float_repr_style hexversion maxsize maxunicode "
    "platform stderr stdout version version_info flags",
    "time": "altzone asctime ctime daylight gmtime localtime mktime monotonic monotonic_ns perf_counter "
    "perf_counter_ns "
    "process_time process_time_ns sleep strftime strptime thread_time thread_time_ns time time_ns timezone tzname",
    "tomllib": "loads load TOMLDecodeError",
    "typing": "Annotated Any Callable ClassVar Final Generic Literal Optional Protocol Tuple Type TypeVar Union "
    "Iterable "
    "Iterator Mapping Sequence Dict List Set FrozenSet Generator Never NoReturn Self TYPE_CHECKING",
    "unicodedata": "category combining is_normalized lookup name normalize unidata_version",
    "__future__": "annotations",
}
MODULES: Mapping[str, frozenset[str]] = {module: frozenset(names.split()) for module, names in _MODULES.items()}
"""The members of its modules."""

BUILTINS_LACKING = frozenset(
    ("aiter", "anext", "breakpoint", "bytearray", "classmethod", "compile", "delattr", "dir", "exit", "globals", "help",
     "issubclass", "memoryview", "quit", "staticmethod", "super", "vars", "__import__",
     "property")
)  # fmt: skip
"""Functions of Python's own that it has not, nor has the prelude."""

EXCEPTIONS_LACKING = frozenset(
    ("BaseExceptionGroup", "BlockingIOError", "BrokenPipeError", "BufferError", "ChildProcessError",
     "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "EOFError",
     "EnvironmentError", "ExceptionGroup", "FloatingPointError", "GeneratorExit", "IOError", "IndentationError",
     "InterruptedError", "ProcessLookupError", "ReferenceError", "StopAsyncIteration", "SystemError", "TabError",
     "UnicodeError", "UnicodeTranslateError", "Warning", "UserWarning", "DeprecationWarning", "RuntimeWarning",
     "FutureWarning", "BytesWarning", "EncodingWarning", "ImportWarning", "PendingDeprecationWarning",
     "ResourceWarning", "SyntaxWarning", "UnicodeWarning")
)  # fmt: skip
