"""Words by which mail clients of many languages introduce what they quote and sign what they send."""

# ruff: noqa: E501, RUF001 (lists of words, in their own scripts)

import re

# Field names of a message pasted above its text ("From:", "Sent:", ...), by what they stand for.
_FIELDS = {
    "from": "from|von|de|da|od|van|från|fra|от|от кого|від|kimden|gönderen|lähettäjä|feladó|από|dari"
    "|expéditeur|remitente|mittente|差出人|发件人|寄件者|寄件人|보낸 사람|보낸사람|nadawca|afzender|από|מאת|من|từ|no|no:|de la|šalje|nuo|saatja|frá|من|از|จาก",
    "date": "date|sent|datum|gesendet|gesendet am|enviado|enviado el|enviada em|enviado em|envoyé|envoyé le"
    "|data|inviato|verzonden|skickat|sendt|dato|datum och tid|wysłano|wysłany|дата|отправлено|надіслано"
    "|päivämäärä|lähetetty|päiväys|fecha|tarih|gönderildi|gönderme tarihi|elküldve|dátum|odesláno|odoslané"
    "|日期|日時|送信日時|发送时间|發送時間|時間|보낸 날짜|날짜|ημερομηνία|dikirim|tanggal|trimis|ngày|đã gửi|sent on|sent at|στάλθηκε|נשלח|תאריך|تم الإرسال|التاريخ|ส่ง|วันที่|изпратено|poslano|poslato|enviat|enviat el"
    "|išsiųsta|nosūtīts|saadetud|gönderilmiş|傳送日期|傳送時間|發送日期|寄件日期|전송|전송 날짜",
    "to": "to|an|à|a|para|pour|per|aan|till|til|do|кому|vastaanottaja|kime|alıcı|宛先|收件人|收件者|받는 사람"
    "|destinataire|destinatario|címzett|komu|către|προς|kepada|đến|tới|ל|אל|إلى|ถึง|до|prima|za|per a|kam|saaja|adressaat",
    "subject": "subject|betreff|objet|sujet|oggetto|asunto|assunto|onderwerp|ämne|emne|temat|тема|aihe|konu"
    "|件名|主题|主旨|標題|제목|tárgy|předmět|predmet|subiect|θέμα|perihal|subjek|chủ đề|tiêu đề|tema|נושא|الموضوع|เรื่อง|относно|zadeva|assumpte|tēma|teema|efni",
    "other": "cc|kopie|kopia|copie|copia|cópia|kopi|копия|копія|bilgi|dw|抄送|副本|참조|reply-to|risposta|antwort an|répondre à"
    "|responder a|importance|priority|wichtigkeit|bcc|organization|x-mailer|message-id|attachments|anlagen",
}
FIELD_KINDS = {name: kind for kind, names in _FIELDS.items() for name in names.split("|")}

# "... wrote": closes the line that introduces a quote.
WROTE = (
    r"wrote|writes|written|schrieb|schreibt|geschrieben|écrit|ecrit|scritto|scrive|escribió|escribio|escrito"
    r"|escribe|escreveu|escrito|skrev|skreiv|napisał(?:\(a\)|a)?|napisal(?:\(a\)|a)?|geschreven|schreef"
    r"|kirjoitti|pisze|написал(?:\(а\)|а)?|написа|писал(?:\(а\)|а)?|пишет|пише|написав(?:\(ла\)|ла)?|yazdı|yazmış|viết"
    r"|写道|寫道|napsal(?:\(a\)|a)?|írta|scris|έγραψε|napísal(?:\(a\)|a)?|rašė|rakstīja|kirjutas|skrifaði"
    r"|va escriure|menulis|napisao|napisala|작성|כתב(?:ה)?|كتب|schreiwt|ha escrit|sent|ที่แล้ว เขียน|เขียนว่า"
)

# How such a line begins when it begins with a date.
ON = (
    r"on|le|am|il|el|em|op|den|på|w dniu|dnia|vào|lúc|in data|alle|pada|dne|dňa|dana|il giorno|on the|în"
    r"|στις|ti|ma|ke|to|pe|il dì|no dia|el día|kuupäeval|på den|tarihinde|בתאריך|في|在|于|於"
)

# A message pasted whole is announced by one of these between rows of dashes.
MESSAGE = (
    r"message|nachricht|meddelelse|meddelande|melding|mensaje|mensagem|messaggio|bericht|viesti|сообщени[ея]"
    r"|письмо|wiadomość|wiadomosc|повідомлення|üzenet|zpráva|správa|mesaj|ileti|邮件|郵件|メッセージ|메시지|thư|e-?mail"
    r"|mail|pesan|μήνυμα|sõnum|ziņa|laiškas|poruka|הודעה|رسالة"
)

# ... or by one of these alone on a line.
FORWARDED = (
    r"begin forwarded message|forwarded message|forwarded by .{1,60}|début du message (?:réexpédié|transféré)"
    r"|message (?:transféré|réexpédié)|anfang der weitergeleiteten (?:e-mail|nachricht)|weitergeleitete nachricht"
    r"|inizio (?:del )?messaggio inoltrato|messaggio inoltrato|inicio del mensaje reenviado|mensaje reenviado"
    r"|início da mensagem (?:encaminhada|reencaminhada)|mensagem encaminhada|begin doorgestuurd bericht"
    r"|doorgestuurd bericht|vidarebefordrat (?:brev|meddelande)|start på vidarebefordrat meddelande"
    r"|videresendt (?:melding|meddelelse|besked)|start på videresendt (?:melding|meddelelse)"
    r"|начало переадресованного сообщения|пересылаемое сообщение|wiadomość przekazana|początek przekazywanej wiadomości"
    r"|välitetty viesti|edelleenlähetetty viesti|iletilen mesaj|původní zpráva|転送されたメッセージ|转发的邮件|original message"
)

# What the two lists above and "Reply above this line" may begin with.
FIRST_WORDS = frozenset(
    re.split(r"\W", phrase)[0].lower()
    for phrase in (
        *ON.split("|"),
        *FORWARDED.split("|"),
        "please",
        "type",
        "write",
        "enter",
        "your",
        "reply",
    )
)

# A device or program that signs for its owner. The rest of the line is its name.
SENT_FROM = (
    r"(?:sent|written|typed|composed)(?: (?:wirelessly|securely|quickly|on the go))? (?:from|via|with|using|by|on)"
    r"|from (?:my|a) (?:iphone|ipad|mobile|phone|android|blackberry|samsung|galaxy)|get \[?outlook for"
    r"|download (?:outlook|proton)|gesendet (?:von|vom|mit|aus|über|via)|envoy[ée]e? (?:depuis|de|du|à partir|par|via|avec|sans fil)"
    r"|télécharge[rz]? outlook pour|obtene[rz] outlook pour|enviad[oa] (?:desde|con|por|de|do|da|pelo|via|a partir d[oa]|vía)"
    r"|(?:obt(?:ener|enga|én|er|enha o)|descargar?|baix(?:e|ar) o) outlook para|inviat[oa] (?:da|dal|dall['’]|con|tramite|via)|ottieni outlook per|scarica outlook per"
    r"|ver(?:zonden|stuurd) (?:vanaf|vanuit|van|met|via|door)|download outlook voor|skickat? från|skickades från|(?:hämta|skaffa) outlook för"
    r"|sendt (?:fra|med|via)|(?:hent|få) outlook (?:for|til)|lähetetty|hanki outlook|wysłan[eoya] (?:z|ze|przy|za)|pobierz (?:program |aplikację )?outlook"
    r"|holen sie sich outlook für|outlook (?:für|voor) (?:ios|android) (?:herunterladen|beziehen|downloaden)"
    r"|(?:скачать|скачайте|получить) outlook|(?:获取|取得|下载|下載) outlook|outlook for (?:ios|android) を入手|yahoo mail: search, organize, conquer"
    r"|отправлено (?:с|из|от|через)|послано с|надіслано (?:з|із|від)|відправлено (?:з|із)|odesláno (?:z|ze|přes)|odoslané (?:z|zo)"
    r"|dikirim dari|được gửi từ|gửi từ|đã gửi từ|(?:el)?küldve|נשלח מ(?:ה-)?|أُ?رسلت من|ส่งจาก|enviat (?:des del?|amb|per)|trimis (?:de pe|din)|στάλθηκε από|saadetud minu|发自|發自|從我的|从我的|iphoneから"
    r"|stuur vanaf|von meinem .{1,40} gesendet|diese nachricht wurde von|yahoo mail|nosūtīts no|išsiųsta iš|poslano (?:z|s|iz)"
)

# What these begin with, as far as it is ASCII.
SENT_STARTS = frozenset(
    [
        "sen",
        "wri",
        "typ",
        "com",
        "fro",
        "get",
        "dow",
        "ges",
        "env",
        "obt",
        "inv",
        "ott",
        "sca",
        "ver",
        "ski",
        "hen",
        "han",
        "hol",
        "out",
        "bai",
        "des",
        "wys",
        "pob",
        "ode",
        "odo",
        "dik",
        "tri",
        "saa",
        "iph",
        "stu",
        "von",
        "die",
        "yah",
        "nos",
        "pos",
    ]
)
SENT_ENDS = ("mobile", "gesendet", "galaxy")

# Words that end a letter; the name stands on the next line.
SIGN_OFF = (
    r"(?:(?:best|kind|kindest|warm|warmest|many|with kind|with best) )?(?:regards|wishes|thanks)|all the best|best|cheers|thanks(?: again| a lot| so much)?"
    r"|many thanks|thank you|thx|rgds|br|kr|(?:yours |very )?(?:sincerely|truly|faithfully)(?: yours)?|yours|respectfully|take care|love"
    r"|(?:mit )?(?:freundlichen?|besten?|herzlichen?|lieben?|schönen?|vielen?) (?:grüßen|grüße|grüssen|grüsse|gruß|gruss|dank)"
    r"|viele grüße|beste grüße|liebe grüße|grüße|gruß|gruss|mfg|vg|lg|danke|vielen dank|hochachtungsvoll"
    r"|(?:bien )?cordialement|bien à (?:vous|toi)|cdlt|merci|bonne journée|sincères salutations|salutations"
    r"|(?:un )?(?:cordial )?saludos?|saludos cordiales|atentamente|gracias|muchas gracias|cordiali saluti|distinti saluti|saluti|grazie"
    r"|(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|groet(?:en|jes)?|mvg|bedankt|alvast bedankt"
    r"|(?:med )?(?:vänliga?|vennlige?|venlige?|bästa|beste|bedste) (?:hälsning(?:ar)?|hilsen(?:er)?)|mvh|vh|kh|hilsen|hälsningar|tack|tak|takk"
    r"|ystävällisin terveisin|terveisin|t|yt|kiitos|pozdrawiam(?: serdecznie)?|z poważaniem|z powazaniem|z wyrazami szacunku|dziękuję"
    r"|с уважением|всего доброго|спасибо|з повагою|дякую|atenciosamente|att|cumprimentos|abraços?|obrigad[oa]"
    r"|s pozdravem|děkuji|s pozdravom|saygılarımla|teşekkürler|üdvözlettel|köszönettel|cu (?:respect|stimă)|trân trọng|με εκτίμηση|lugupidamisega|ar cieņu|pagarbiai|lep pozdrav"
    r"|s(?:rdačan)? pozdravom?|поздрави|בברכה|תודה|مع (?:أطيب )?(?:التحيات|تحياتي)|よろしくお願い(?:いた|致)?します|以上|此致|祝好|谢谢|謝謝|감사합니다"
)
