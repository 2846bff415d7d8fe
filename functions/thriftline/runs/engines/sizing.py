"""How much work a preparation is, in hours of processors, minutes and disk.

The figures were measured with the program of ``preparation/`` on short texts: Spark on two cores
needs 0.9 CPU-seconds for a megabyte; half as much again is added for what moves between machines
and for tasks that are larger than others.
"""

from decimal import Decimal

from thriftline.core.wording import counted

CPU_SECONDS_PER_MB = Decimal("0.9")
SHUFFLE_AND_SKEW = Decimal("1.5")
# What is written between the stages lies on the workers' disks, most of it more than once.
DISK_SHARE = 3
# One task reads such an object alone; it is also the task that a lost machine costs the most.
MOST_ALONE_BYTES = 10 * 10**9
# Below this one machine does the work in an hour or two.
ONE_MACHINE_BYTES = 10 * 10**9
_BYTES_PER_MB = 10**6
_BYTES_PER_GB = 10**9
_BYTES_PER_PARTITION = 128 * 10**6
# More partitions than this collapse when few executors fetch from each other.
_MOST_PARTITIONS = 6_400
_LEAST_PARTITIONS = 32


def cpu_hours(unpacked_bytes: int) -> Decimal:
    """Returns the hours of one processor that the program needs."""
    megabytes = Decimal(unpacked_bytes) / _BYTES_PER_MB
    return megabytes * CPU_SECONDS_PER_MB * SHUFFLE_AND_SKEW / 3600


def vcpu_time(unpacked_bytes: int) -> str:
    """Returns the time of one processor as a person says it: seconds of little, never no time."""
    hours = cpu_hours(unpacked_bytes)
    if hours >= 1:
        return f"{hours:.1f} hours"
    seconds = max(1, rounded_up(hours * 3600))
    return counted(seconds, "second") if seconds < 120 else counted(round(seconds / 60), "minute")


def minutes_on(unpacked_bytes: int, vcpus: int, set_up_minutes: int) -> int:
    """Returns how long the program likely takes on so many processors, its start included."""
    return set_up_minutes + rounded_up(cpu_hours(unpacked_bytes) * 60 / vcpus)


def disk_gb(unpacked_bytes: int, workers: int, least_gb: int) -> int:
    """Returns the disk that each of the workers needs."""
    needed = rounded_up(Decimal(unpacked_bytes) * DISK_SHARE / workers / _BYTES_PER_GB)
    return max(least_gb, needed)


def shuffle_partitions(unpacked_bytes: int) -> int:
    """Returns into how many parts the data are cut between the stages."""
    wanted = rounded_up(Decimal(unpacked_bytes) / _BYTES_PER_PARTITION)
    return min(_MOST_PARTITIONS, max(_LEAST_PARTITIONS, wanted))


def rounded_up(number: Decimal) -> int:
    """Returns the next whole number."""
    whole = int(number)
    return whole + 1 if number > whole else whole


def refusal(largest_unsplittable_bytes: int) -> str | None:
    """Says why no engine should take the data as they are stored; None when one may."""
    if largest_unsplittable_bytes <= MOST_ALONE_BYTES:
        return None
    return (
        f"One object of {size_of(largest_unsplittable_bytes)} cannot be read in parts, as it is "
        "with .gz, so that a single task would read all of it while the others wait. Store the "
        f"data in files of at most {size_of(MOST_ALONE_BYTES)}, best in many of 100 MB to 1 GB, "
        "or uncompressed."
    )


def size_of(number: int) -> str:
    """Returns a number of bytes as a person says it."""
    if number >= 1000 * _BYTES_PER_GB:
        return f"{number / _BYTES_PER_GB / 1000:,.1f} TB"
    if number >= _BYTES_PER_GB:
        return f"{number / _BYTES_PER_GB:,.0f} GB"
    return f"{max(1, round(number / _BYTES_PER_MB))} MB"


def duration_of(minutes: int) -> str:
    """Returns a number of minutes as a person says it."""
    return counted(minutes, "minute") if minutes < 120 else f"{minutes / 60:.1f} hours"
