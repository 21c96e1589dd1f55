"""The toy's reference."""


def add(numbers):
    total = 0.0
    for number in numbers:
        total += number
    return total


def largest(rows, k):
    return [sorted(range(len(row)), key=lambda place: -row[place])[:k] for row in rows]
