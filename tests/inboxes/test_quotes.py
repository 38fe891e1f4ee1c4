"""Reply text: what is new, without the quoted history and the signature."""

# ruff: noqa: E501 (mail, as it comes)

import time

import pytest

from inboxes.quote_lines import may_introduce
from inboxes.quote_words import FORWARDED, ON
from inboxes.quotes import Fragment, fold_quotes, reply_text, without_quotes

INTRODUCTIONS = [
    "On Mon, 3 Mar 2025 at 10:12, Ann <ann@customer.example> wrote:",
    "On Mon, Mar 3, 2025 at 10:12 AM A Very Long Name Of A Company <\nann@customer.example> wrote:",
    "Am Mo., 3. März 2025 um 10:12 Uhr schrieb Ann <ann@customer.example>:",
    "Am 03.03.25 um 10:12 schrieb Ann:",
    "Le lun. 3 mars 2025 à 10:12, Ann <ann@customer.example> a écrit :",
    "El lun, 3 mar 2025 a las 10:12, Ann (<ann@customer.example>) escribió:",
    "Em seg., 3 de mar. de 2025 às 10:12, Ann <ann@customer.example> escreveu:",
    "Il giorno lun 3 mar 2025 alle ore 10:12 Ann <ann@customer.example> ha scritto:",
    "Op ma 3 mrt 2025 om 10:12 schreef Ann <ann@customer.example>:",
    "Den mån 3 mars 2025 kl 10:12 skrev Ann <ann@customer.example>:",
    "man. 3. mar. 2025 kl. 10:12 skrev Ann <ann@customer.example>:",
    "ma 3. maalisk. 2025 klo 10.12 Ann (ann@customer.example) kirjoitti:",
    "pon., 3 mar 2025 o 10:12 Ann <ann@customer.example> napisał(a):",
    "пн, 3 мар. 2025 г. в 10:12, Ann <ann@customer.example>:",
    "пн, 3 бер. 2025 р. о 10:12 Ann <ann@customer.example> пише:",
    "po 3. 3. 2025 v 10:12 odesílatel Ann <ann@customer.example> napsal:",
    "Ann <ann@customer.example>, 3 Mar 2025 Pzt, 10:12 tarihinde şunu yazdı:",
    "Ann <ann@customer.example> 于2025年3月3日周一 10:12写道：",
    "2025年3月3日(月) 10:12 Ann <ann@customer.example>:",
    "2025년 3월 3일 (월) 오전 10:12, Ann <ann@customer.example>님이 작성:",
    "Vào Th 2, 3 thg 3, 2025 vào lúc 10:12 Ann <ann@customer.example> đã viết:",
    "---- On Mon, 03 Mar 2025 10:12:00 +0100 ann@customer.example wrote ----",
    "W dniu 3.03.2025 o 10:12, Ann pisze:",
    "На пн, 3.03.2025 г. в 10:12 Ann <ann@customer.example> написа:",
    "בתאריך יום ב׳, 3 במרץ 2025 ב-10:12 מאת Ann <\u202aann@customer.example\u202c\u200f>:\u202c",
    "เมื่อ จ. 3 มี.ค. 2025 เวลา 10:12 Ann <ann@customer.example> เขียนว่า:",
]

HEADER_BLOCKS = [
    "From: Ann <ann@customer.example>\nSent: Monday, March 3, 2025 10:12 AM\nTo: Shop\nSubject: Order",
    "________________________________\nVon: Ann <ann@customer.example>\nGesendet: Montag, 3. März 2025"
    "\nAn: Shop\nBetreff: Bestellung",
    "De : Ann <ann@customer.example>\nEnvoyé : lundi 3 mars 2025\nÀ : Shop\nObjet : Commande",
    "De: Ann <ann@customer.example>\nEnviado: lunes, 3 de marzo de 2025\nPara: Shop\nAsunto: Pedido",
    "Da: Ann <ann@customer.example>\nInviato: lunedì 3 marzo 2025\nA: Shop\nOggetto: Ordine",
    "Van: Ann <ann@customer.example>\nVerzonden: maandag 3 maart 2025\nAan: Shop\nOnderwerp: Order",
    "Från: Ann <ann@customer.example>\nSkickat: den 3 mars 2025\nTill: Shop\nÄmne: Order",
    "Fra: Ann <ann@customer.example>\nSendt: 3. mars 2025\nTil: Shop\nEmne: Ordre",
    "Od: Ann <ann@customer.example>\nWysłano: 3 marca 2025\nDo: Shop\nTemat: Zamówienie",
    "От: Ann <ann@customer.example>\nОтправлено: 3 марта 2025\nКому: Shop\nТема: Заказ",
    "*From:* Ann <ann@customer.example>\n*Date:* Monday\n*To:* Shop\n*Subject:* Order",
    "发件人: Ann <ann@customer.example>\n发送时间: 2025年3月3日\n收件人: Shop\n主题: Order",
    "-----Original Message-----\nFrom: Ann\nSubject: Order",
    "-------- Weitergeleitete Nachricht --------\nBetreff: Bestellung\nVon: Ann",
    "---------- Forwarded message ---------\nFrom: Ann <ann@customer.example>",
    "De la: Ann <ann@customer.example>\nTrimis: luni, 3 martie 2025\nCătre: Shop\nSubiect: Comandă",
    "מאת: Ann <ann@customer.example>\nנשלח: יום שני 03 מרץ 2025\nאל: Shop\nנושא: הזמנה",
    "من: Ann <ann@customer.example>\nتم الإرسال: 3 مارس 2025\nإلى: Shop\nالموضوع: طلب",
    "------------------ Original ------------------\nFrom: Ann<ann@customer.example>;\nSubject: Order",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, March 3rd, 2025 at 10:12, Ann <ann@customer.example> wrote:",
    "-----Ann Lee/Acme wrote: -----\nTo: Shop\nFrom: Ann Lee/Acme\nDate: 03/03/2025 10:12AM\nSubject: Order",
    ">>> Ann <ann@customer.example> 3/3/2025 10:12 AM >>>",
]

SIGNATURES = [
    "-- \nAnn Example\nExample Ltd",
    "--\nAnn",
    "Sent from my iPhone",
    "Sent from my phone, please excuse typos.",
    "Sent from Outlook for Android<https://aka.ms/x>",
    "Get Outlook for iOS<https://aka.ms/x>",
    "Von meinem iPhone gesendet",
    "Gesendet mit der WEB.DE Mail App",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verzonden vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Wysłane z iPhone'a",
    "Отправлено с iPhone",
    "发自我的iPhone",
    "Elküldve az iPhone-omról",
    "נשלח מה-iPhone שלי",
    "أُرسلت من الـ iPhone",
    "Đã gửi từ iPhone của tôi",
    "Holen Sie sich Outlook für iOS<https://aka.ms/x>",
    "Outlook für Android herunterladen<https://aka.ms/x>",
    "Télécharger Outlook pour iOS<https://aka.ms/x>",
    "Скачать Outlook для iOS<https://aka.ms/x>",
    "获取 Outlook for iOS<https://aka.ms/x>",
    "Kind regards,\n\nAnn Example\nHead of Sales",
    "Best regards,\nAnn Example",
    "Mit freundlichen Grüßen\nAnn Example",
    "Cordialement,\nAnn Example",
    "Ann Example\nann@customer.example\n+371 2000 0000\nwww.customer.example",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_what_follows_an_introduction_is_history(introduction):
    assert (
        reply_text(f"It works now.\n\n{introduction}\n\nHave you tried again?\n") == "It works now."
    )


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_an_answer_below_the_quotation_is_kept(introduction):
    mail = f"{introduction}\n> Have you tried again?\n> \n> Bob\n\nIt works now.\n"
    assert reply_text(mail) == "It works now."


@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_what_follows_a_pasted_header_is_history(block):
    assert reply_text(f"It works now.\n\n{block}\n\nHave you tried again?\n") == "It works now."


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signature_goes_from_the_reply_and_stays_without_quotes(signature):
    mail = f"It works now.\n\n{signature}\n\nOn 3 Mar 2025, at 10:12, Bob wrote:\n> Again?\n"
    assert reply_text(mail) == "It works now."
    assert without_quotes(mail).startswith(
        f"It works now.\n\n{signature.split(chr(10))[0].rstrip()}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "On the other hand, we wrote this on 3 pages.",
        "From: Riga\nTo: Oslo\nDate: 3 March 2025\n\nIs there a ferry?",
        "Date: Wednesday 3 March\nTime: 7:00\nAddress: 130 Fox St",
        "The total must be\n> 100 items\nand it is less.",
        "Our list:\n\n- one\n- two",
        "I have sent from my office three parcels, and none of them came.",
        "Steps:\n-- first this\n-- then that\n-- and the last thing as well",
        "Thanks for the quick answer.\nI will try it.",
        "See the page at 10:30 on https://shop.example/a?b=c:",
        "He wrote: no.",
        "Please look.\n\nOutlook for iOS shows nothing.",
        "It came.\n\nBest regards,\n\nAnn",
        "The prices:\n\n-- Original --\n5 EUR",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert reply_text(text) == text


def test_answers_between_the_lines_keep_the_questions_they_answer():
    mail = (
        "On 3 Mar 2025, at 10:12, Bob wrote:\n> Which order?\n\n12.\n\n> Which colour?\n\nBlue.\n"
    )
    assert reply_text(mail) == "> Which order?\n\n12.\n\n> Which colour?\n\nBlue."


@pytest.mark.parametrize("words", ["Ann wrote:", "Quoting Ann <ann@customer.example>:"])
def test_a_short_introduction_counts_where_marked_lines_follow(words):
    assert reply_text(f"It works now.\n\n{words}\n\n> Again?\n> Bob\n") == "It works now."


def test_a_mail_of_nothing_but_history_is_given_whole():
    mail = "> Have you tried again?\n> Bob"
    assert reply_text(mail) == mail


def test_a_mail_of_nothing_but_a_signature_is_given_whole():
    assert reply_text("Sent from my iPhone\n") == "Sent from my iPhone"


def test_empty_mail_has_an_empty_reply():
    assert reply_text("") == ""
    assert fold_quotes("") == [Fragment("", "new")]


@pytest.mark.parametrize(
    "quotation",
    [
        '<div class="gmail_quote">On Mon, Bob wrote:<blockquote>Again?</blockquote></div>',
        '<div class="moz-cite-prefix">Bob:</div><blockquote type="cite">Again?</blockquote>',
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Lähettäjä:</b> B</div><p>Again?',
        '<div id="ymail" class="yahoo_quoted"><div>Bob schrieb</div><p>Again?</p></div>',
        '<div class="protonmail_quote">Bob<blockquote>Again?</blockquote></div>',
        "<hr><p><b>From:</b> B &lt;b@x.example><br><b>Sent:</b> Monday<br><b>To:</b> A</p><p>Again?",
    ],
)
def test_what_the_client_marks_as_quoted_in_html_is_history(quotation):
    assert reply_text("", f"<p>It works now.</p>{quotation}") == "It works now."


def test_an_answer_below_the_quotation_in_html_is_kept():
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">Bob wrote:</div>'
        '<blockquote class="gmail_quote">Again?</blockquote><div>It works now.</div></div>'
    )
    assert reply_text("", html) == "It works now."


def test_html_helps_where_the_plain_text_marks_nothing():
    html = '<p>It works now.</p><blockquote type="cite">Again?</blockquote>'
    assert reply_text("It works now.\n\nAgain?", html) == "It works now."


def test_folding_keeps_every_line_in_order():
    mail = "New.\n\n-- \nAnn\n\nOn 3 Mar 2025, at 10:12, Bob wrote:\n> Old.\n"
    fragments = fold_quotes(mail)

    assert "\n".join(fragment.text for fragment in fragments) == mail
    assert [fragment.kind for fragment in fragments][:2] == ["new", "signature"]
    assert fragments[-1].kind == "quote"


@pytest.mark.parametrize(
    "unit",
    [
        "> ",
        "\n",
        "On 1 2020 x\n",
        "wrote a@b.c:\n",
        "--\n",
        "- message ",
        "From: a\n",
        "From: a@b\nx\nx\nTo: b\n",
        "Sent from my \n",
        "a@a.",
        "+1 ",
        "```\n",
        "best regards ",
        "(http://",
        "*_ >",
    ],
)
def test_a_megabyte_of_hostile_text_takes_less_than_a_second(unit):
    text = (unit * (1_000_000 // len(unit)))[:1_000_000]
    started = time.process_time()
    reply_text(text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("phrase", [*ON.split("|"), *FORWARDED.split("|")])
def test_the_cheap_look_at_a_line_lets_all_introductions_through(phrase):
    assert may_introduce(f" *{phrase.title()} Ann Example")


@pytest.mark.parametrize("line", ["0" + "X" * 77, "Gate B7, row C4"])
def test_a_number_that_is_no_date_is_passed_over(line):
    assert not may_introduce(line)


@pytest.mark.parametrize("line", ["3. März 2025", "10:12 ann", "2025/3/3", "3 mrt 2025", "12h30"])
def test_a_number_that_may_be_a_date_is_looked_at(line):
    assert may_introduce(line)
