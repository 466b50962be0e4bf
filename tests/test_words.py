"""The words that keyword search compares: folded, stemmed, in any script, from any thread."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.words import is_common, language, mostly_latin, words


def shared(one: str, other: str) -> bool:
    """Tell whether a search for `one` finds `other`, word for word."""
    return words(one) == words(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "cafe"),
        ("cafe\u0301", "CAFÉ"),
        ("Straße", "STRASSE"),
        ("Øresund", "oresund"),
        ("Łódź", "lodz"),
        ("Ýmir Þór", "ymir thor"),
        ("ﬁnal", "final"),
        ("Ｔｏｋｙｏ", "tokyo"),
        ("strikes", "strike"),
        ("Militias", "militia"),
        ("running", "runs"),
        ("Graham’s", "Graham"),
        ("Graham's", "Graham"),
        ("12,500", "12500"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,500.75", "12500.75"),
        ("２０２４", "2024"),
        ("٢٠٢٤", "2024"),
        ("U.S.", "US"),
        ("N.A.T.O.", "NATO"),
        ("ёлка", "елка"),
        ("Ёлка", "ЕЛКА"),
        ("за\u0301мок", "замок"),
        ("كِتَاب", "كتاب"),
        ("كتــاب", "كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("книги", "книга"),
    ],
)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert shared(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("йод", "иод"),  # й is a letter, not и with a mark
        ("दिन", "दीन"),  # vowel signs tell Hindi words apart
        ("कमल", "कमाल"),
        ("1.5", "15"),
        ("3,14", "314"),
        ("1874", "1875"),
        ("北京", "京北"),
    ],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_a_word_taken_apart_into_letters_and_marks_is_the_same_word() -> None:
    for text in ("мой район", "Ångström", "ёжик", "हिन्दी में", "한국어", "ガラス", "Việt Nam"):
        assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))


def test_hindi_words_are_not_broken_at_their_vowel_signs() -> None:
    assert len(words("राम विद्यालय गया")) == 3


def test_numbers_keep_their_decimals_and_end_before_a_full_stop() -> None:
    assert words("It was 3.5 in 1990.") == ["it", "was", "3.5", "in", "1990"]


def test_text_without_spaces_becomes_characters_and_pairs() -> None:
    assert words("東京都") == ["東", "京", "都", "東京", "京都"]
    assert words("iPhone発売") == ["iphon", "発", "売", "発売"]
    assert set(words("東京")) <= set(words("私は東京に住む"))
    assert set(words("กรุง")) <= set(words("อยู่ที่กรุงเทพ"))


def test_a_text_is_stemmed_as_its_own_language() -> None:
    assert language("Die Katze ist auf dem Dach und der Hund ist in dem Haus") == "german"
    assert language("The cat is on the roof") == language("Xyzzy plugh") == "english"
    assert words("las casas de la ciudad")[1] == words("la casa de la ciudad")[1]
    assert words("Häuser", "german") == words("Haus", "german")


def test_common_words_are_known_in_the_form_that_search_sees() -> None:
    assert all(is_common(word) for word in words("What is the, how many of these"))
    assert all(is_common(word) for word in words("qué de la"))
    assert not any(is_common(word) for word in words("Pentagon airstrikes 2024 東京"))


def test_scripts_are_told_by_most_letters() -> None:
    assert mostly_latin("Where is Łódź?")
    assert mostly_latin("1874?")
    assert not mostly_latin("Где NATO сегодня?")
    assert not mostly_latin("東京はどこ")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_words_without_white_space_and_letters_give_some(text: str) -> None:
    found = words(text)
    assert all(word and not any(char.isspace() for char in word) for word in found)
    if any(char.isascii() and char.isalnum() for char in text):
        assert found


def test_threads_get_the_same_words_as_one_after_another() -> None:
    texts = [f"Running militias were {n} striking targets; las casas {n}; книги о городах" for n in range(400)]
    expected = [words(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(words, texts)) == expected
