"""A file as Goodreads exports it, with the oddities that such files have; made up here."""

import csv
import io

HEADER = (
    "Book Id",
    "Title",
    "Author",
    "Author l-f",
    "Additional Authors",
    "ISBN",
    "ISBN13",
    "My Rating",
    "Average Rating",
    "Publisher",
    "Binding",
    "Number of Pages",
    "Year Published",
    "Original Publication Year",
    "Date Read",
    "Date Added",
    "Bookshelves",
    "Bookshelves with positions",
    "Exclusive Shelf",
    "My Review",
    "Spoiler",
    "Private Notes",
    "Read Count",
    "Owned Copies",
)
DUNE = "9780441172719"
NAMELESS = 30
"""The row, as a spreadsheet counts, that has neither title nor ISBN."""


def check_digit(twelve):
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(twelve))
    return str(-total % 10)


def isbn_of(number):
    """A right ISBN-13 for each number below a million."""
    twelve = f"978029{number:06d}"
    return twelve + check_digit(twelve)


def row(number, **cells):
    """One book of the file, by its place in it."""
    isbn = isbn_of(number)
    known = {
        "Book Id": str(5000 + number),
        "Title": f"The Book of the Number {number} (Numbers, #{number})",
        "Author": f"Ada  Writer{number % 7}",
        "Author l-f": f"Writer{number % 7}, Ada",
        "ISBN": '=""',
        "ISBN13": f'="{isbn}"',
        "My Rating": str(number % 6),
        "Average Rating": "3.98",
        "Number of Pages": str(100 + number),
        "Year Published": "2004",
        "Date Added": f"2021/03/{number % 28 + 1:02d}",
        "Exclusive Shelf": ("read", "to-read", "currently-reading")[number % 3],
        "Read Count": "1" if number % 3 == 0 else "0",
        "Owned Copies": "0",
    }
    if number % 3 == 0:
        known["Date Read"] = f"2020/11/{number % 28 + 1:02d}"
    return known | cells


def goodreads_csv(rows=30):
    """The bytes of a file with so many rows (at least 30): one nameless, the others imported."""
    books = [row(number) for number in range(rows)]
    books[0] |= {"Title": "Dune (Dune, #1)", "Author": "Frank Herbert", "ISBN13": f'="{DUNE}"'}
    books[3] |= {
        "My Review": 'Quiet, "slow"<br/><br/>and good.',
        "Bookshelves": "slow, sea-stories",
    }
    books[4] |= {"ISBN13": '=""', "Title": "No number at all"}
    books[5] |= {"Title": "百年の孤独", "Author": "ガブリエル・ガルシア＝マルケス"}
    books[6] |= {"Title": "مئة عام من العزلة", "Author": "غابرييل غارسيا ماركيز"}
    books[7] |= {"Title": "Of the Very Long " + "and Winding " * 20 + "Title"}
    books[8] |= {"Exclusive Shelf": "abandoned", "Bookshelves": "abandoned"}
    books[9] |= {"Additional Authors": "Grace Reader, Alan Teller", "Publisher": "Sea & Sons, Ltd."}
    books[10] |= {"Private Notes": "Lent to Ida.", "Owned Copies": "2"}
    books[NAMELESS - 2] |= {"Title": "", "ISBN13": '=""'}
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(books)
    return text.getvalue().encode()
