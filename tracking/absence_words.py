"""Words by which people and their mail programs say, in many languages, that they are away, when
they are back and whom to write to."""

# ruff: noqa: RUF001 (words in their own scripts)

import re

ABSENT = re.compile(
    r"out[ -]of[ -](?:the )?office|\booo\b|out of town|(?:away|absent) (?:from|until|on)"
    r"|on (?:vacation|holiday|leave|annual leave|maternity|parental|sick leave|pto"
    r"|a business trip)|(?:am|is|be|'m|currently) (?:away|absent|travell?ing|unavailable"
    r"|not (?:in|available|at))|not be (?:in the office|reading|available|checking)"
    r"|limited access to (?:my )?(?:e-?mail|mail)|vacation (?:message|reply|notice|response)"
    r"|public holiday|(?:will|'ll) (?:be back|return|be returning)|back in the office"
    r"|abwesen|nicht (?:im (?:büro|haus|dienst)|am (?:platz|arbeitsplatz)|erreichbar)"
    r"|außer haus|im urlaub|urlaub|dienstreise|elternzeit|wieder (?:da|im|erreichbar|zurück)"
    r"|(?:außerhalb|ausserhalb) des b"
    r"|absen(?:t|ce)|en (?:congés?|vacances|déplacement)|de retour|(?:fuera"
    r"|ausente) de (?:la )?oficina|ausente|de vacaciones|fuori (?:sede|ufficio)|assente"
    r"|in ferie|fora do escrit[óo]rio|de férias|afwezig|niet (?:op kantoor|aanwezig)"
    r"|(?:met|op) vakantie|buiten kantoor|poza biurem|nieobecn|urlopie|frånvar|på semester"
    r"|(?:tjänst|föräldra)ledig|(?:inte|ikke) på (?:plats|kontoret)|fraværende|bortre[ij]st"
    r"|(?:på|har|holder) ferie|poissa|lomalla|virkamatka|отпуск|отсутств|командировк"
    r"|відпуст|відсутн|відряджен|dovolen|nepřítom|neprítom|mimo kancelář|mimo kancelári"
    r"|szabadság|távol vagyok|nem vagyok az irodában|irodán kívül|(?:izinde|tatilde|ofis dışında)"
    r"|concediu|în afara biroului|απουσ|εκτός γραφείου|(?:σε|με) άδεια|(?:de|en) vacances"
    r"|fora de l['’]oficina|atostog|atvaļinājum|prombūtn|puhkusel|na (?:godišnjem )?odmoru"
    r"|na dopustu|odsut(?:an|na|en)|nghỉ phép|vắng mặt|sedang cuti|di luar kantor"
    r"|בחופש|מחוץ למשרד|خارج المكتب|إجازة|ลาพักร้อน|ไม่อยู่ที่"
    r"|不在|休暇|休假|年假|外出|出張|出差|お休み|휴가|부재|출장",
    re.IGNORECASE,
)

# The return stands behind these, or just before them ("17 July back").
BACK = re.compile(
    r"\b(?:back|return(?:ing)?|available again|reachable again|resume|zurück|wieder|retour"
    r"|regres\w*|vuelvo|volver\w*|de volta|volto|rientr\w*|ritorn\w*|terug|weer|retorn\w*"
    r"|voltar\w*|wracam|wrócę|powrót|powrotu|tillbaka|åter|tilbage|tilbake|takaisin|palaan"
    r"|верн\w*|возвращ\w*|поверн\w*|vrát\w*|návrat\w*|zpět|späť|visszatér\w*|dön(?:üş|ece)\w*"
    r"|revin|întor\w*|επιστρ[έο]\w*|tornar\w*|grįš\w*|atgriez\w*|tagasi|vrać\w*|vrnem"
    r"|quay lại|trở lại|kembali)\b|返回|回来|回來|回到|復帰|出社は",
    re.IGNORECASE,
)
BACK_AFTER = re.compile(
    r"(?:back|zurück|wieder|weer|terug|igen|takaisin|alkaen|dön(?:üş|ece))\b"
    r"|tarihinde (?:dön|ofis)|(?:より|から|に|には)?(?:出社|出勤|復帰|戻)|(?:返回|回来|回來|回到)"
    r"|(?:에|부터)? ?(?:복귀|출근)",
    re.IGNORECASE,
)

UNTIL = re.compile(
    r"\b(?:until|till?|through|thru|to|bis|jusqu['’]?(?:au|à)|hasta|fino al?|al|au|t/m|tot"
    r"|até|ate|do|до|по|til og med|till och med|asti|până|pana|μέχρι|έως|fins|iki|līdz|kuni"
    r"|đến|sampai|hingga)\b|[\u2013-]|から",
    re.IGNORECASE,
)
UNTIL_AFTER = re.compile(
    r"まで|까지|之前|前|为止|為止|-i?g\b|(?:tarihine )?(?:kadar|dek)\b|(?:asti|saakka)\b",
    re.IGNORECASE,
)

WRITE_TO = re.compile(
    r"\b(?:contact(?!s\b)|write to|e-?mail(?: to)?|reach|refer|get in touch|turn to|speak to"
    r"|call|forward(?:ed)?|assist\w*|direct(?:ed)?|send|instead|alternativ\w*|urgent|wenden"
    r"|kontakt\w*|vertret\w*|schreiben|dringend\w*|contact(?:er|ez)|adresser|écri\w*"
    r"|contact\w*|escrib\w*|dirig\w*|contatt\w*|contat\w*|rivolg\w*|scriv\w*|neem|mailen"
    r"|skontakt\w*|henvend\w*|vänd|yhteyttä|yhteydessä|связ\w*|обра[щт]\w*|пишит\w*|напиш\w*"
    r"|зверта\w*|звер[нт]\w*|obraťte|obracejte|kapcsolat\w*|írjon|forduljon|iletişim\w*"
    r"|επικοινων\w*|kreip\w*|sazin\w*|pöörduge|javite|obrnite|liên hệ|hubungi)"
    r"|連絡|問い?合わせ|联系|聯絡|聯繫|연락|문의",
    re.IGNORECASE,
)

_NAMES_OF_MONTHS = (
    "january jan januar januari janvier enero gennaio janeiro stycznia janv tammikuuta ledna"
    " januára января січня ocak ianuarie ιανουαρίου gener január sausio siječnja",
    "february feb februar februari février fevrier febrero febbraio fevereiro lutego févr"
    " helmikuuta února februára февраля лютого şubat februarie φεβρουαρίου febrer február veljače",
    "march mar märz maerz maart mars marzo março marca marec maaliskuuta března марта березня"
    " mart martie μαρτίου març március ožujka",
    "april apr avril abril aprile kwietnia avr huhtikuuta dubna apríla апреля квітня nisan"
    " aprilie απριλίου április travnja",
    "may mai mei mayo maggio maio maja maj toukokuuta května mája мая травня mayıs μαΐου"
    " maig május svibnja",
    "june jun juni juin junio giugno junho czerwca kesäkuuta června júna июня червня haziran"
    " iunie ιουνίου juny június lipnja",
    "july jul juli juillet julio luglio julho lipca juil heinäkuuta července júla июля липня"
    " temmuz iulie ιουλίου juliol július srpnja",
    "august aug augustus août aout agosto sierpnia augusti elokuuta srpna augusta августа"
    " серпня ağustos αυγούστου agost augusztus kolovoza",
    "september sep sept septembre septiembre settembre setembro września syyskuuta září"
    " septembra сентября вересня eylül septembrie σεπτεμβρίου setembre szeptember rujna",
    "october oct oktober okt octobre octubre ottobre outubro października lokakuuta října"
    " októbra октября жовтня ekim octombrie οκτωβρίου október",
    "november nov novembre noviembre novembro listopada marraskuuta listopadu novembra ноября"
    " листопада kasım noiembrie νοεμβρίου studenoga",
    "december dec dezember dez décembre decembre diciembre dicembre dezembro grudnia déc"
    " joulukuuta prosince decembra декабря грудня aralık decembrie δεκεμβρίου desembre"
    " desember prosinca",
)
MONTHS = {
    name: number for number, names in enumerate(_NAMES_OF_MONTHS, 1) for name in names.split()
}
