"""Reports and absences in the languages that mail programs speak."""

from datetime import date

import pytest

from tests.tracking.reports_of import plain
from tracking.report_automatic import absence_of, is_absence
from tracking.report_reading import read_report
from tracking.reports import Kind

MONDAY = date(2026, 7, 6)


@pytest.mark.parametrize(
    ("text", "back_on"),
    [
        ("Ich bin vom 06.07.2026 bis einschließlich 17.07.2026 nicht im Büro.", date(2026, 7, 17)),
        ("Sono in ferie dal 6 al 17 luglio. Rientro il 20 luglio.", date(2026, 7, 20)),
        ("Ik ben afwezig van 6 juli t/m 17 juli 2026.", date(2026, 7, 17)),
        ("Ik ben op vakantie en ben op 20 juli weer aanwezig.", date(2026, 7, 20)),
        ("Jag är på semester och åter på kontoret den 20 juli.", date(2026, 7, 20)),
        ("Jeg er på ferie og er tilbage den 20. juli 2026.", date(2026, 7, 20)),
        ("Olen lomalla 17.7.2026 asti.", date(2026, 7, 17)),
        ("Я в отпуске до 17 июля 2026 года.", date(2026, 7, 17)),
        ("Я у відпустці до 17 липня 2026 року.", date(2026, 7, 17)),
        ("Jsem na dovolené do 17. července 2026.", date(2026, 7, 17)),
        ("Szabadságon vagyok 2026. július 17-ig.", date(2026, 7, 17)),
        ("休暇をいただいております。復帰は2026/07/20です。", date(2026, 7, 20)),
        ("17 Temmuz 2026 tarihine kadar izindeyim.", date(2026, 7, 17)),
        ("Sunt în concediu până la 17 iulie 2026.", date(2026, 7, 17)),
        ("Απουσιάζω από το γραφείο μέχρι 17 Ιουλίου 2026.", date(2026, 7, 17)),
        ("不在にしております。2026年7月20日より出社いたします。", date(2026, 7, 20)),
        ("我正在休假，将于2026年7月20日返回办公室。", date(2026, 7, 20)),
        ("2026년 7월 17일까지 휴가입니다.", date(2026, 7, 17)),
        ("Tôi đang nghỉ phép đến ngày 17/07/2026.", date(2026, 7, 17)),
    ],
)
def test_return_date_is_read_in_the_language_of_the_absent(text, back_on):
    assert is_absence("", text)
    assert absence_of("", text, sent_on=MONDAY, own=set()).back_on == back_on


@pytest.mark.parametrize(
    "text",
    [
        "Я в отпуске. По срочным вопросам пишите на ben@customer.example.",
        "Olen lomalla. Kiireellisissä asioissa ota yhteyttä ben@customer.example.",
        "我正在休假。紧急事宜请联系 ben@customer.example。",
        "휴가입니다. 급한 용무는 ben@customer.example 으로 연락 바랍니다.",
    ],
)
def test_substitute_is_found_in_the_language_of_the_absent(text):
    assert absence_of("", text, sent_on=MONDAY, own=set()).substitutes == ("ben@customer.example",)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Kunde inte levereras: Hej", "Leveransen misslyckades till följande mottagare:\n\n{}\n"
         "Det gick inte att hitta e-postadressen."),
        ("Nedoručitelné: Dotaz", "Doručení se nezdařilo těmto příjemcům:\n\n{}\n"
         "Zadaná e-mailová adresa nebyla nalezena."),
        ("Ei voitu toimittaa: Kysymys", "Toimitus seuraaville vastaanottajille epäonnistui:\n\n{}\n"
         "Antamaasi sähköpostiosoitetta ei löydy."),
        ("Kézbesíthetetlen: Kérdés", "A kézbesítés nem sikerült a következő címzetteknek:\n\n{}\n"
         "A megadott e-mail cím nem található."),
        ("배달되지 않음: 문의",
         "받는 사람에게 배달하지 못했습니다.\n\n{}\n주소를 찾을 수 없습니다."),
        ("未送达: 问题", "未能传递到以下收件人:\n\n{}\n找不到您输入的电子邮件地址。"),
        ("系统退信", "退信原因：收件人邮件地址（{}）不存在，邮件无法送达。"),
    ],
)  # fmt: skip
def test_bounce_in_words_is_read_in_the_language_of_the_server(subject, text):
    raw = plain(
        text.format("ann@customer.example"), subject=subject, sender="postmaster@mx.example"
    )
    report = read_report(raw, mail_from="")

    assert (report.kind, report.recipients) == (Kind.HARD, ("ann@customer.example",))
