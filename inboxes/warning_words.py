"""The codes in `Message.warnings`, in words for people."""

from inboxes import mime

WARNINGS = {
    **mime.WARNINGS,
    "claims_our_domain": "The sender's address is of our own domain, but nothing proves that the "
    "message came from us.",
    "hidden_text": "Parts of the text cannot be seen by a reader. They were left out of what "
    "agents are told to read.",
    "looks_like_ours": "The sender's domain looks much like one of ours, but is another.",
    "mixed_scripts": "The sender's name or address mixes letters of different alphabets, as those "
    "do who imitate others.",
    "name_of_ours": "The sender bears the name of one of our own people, but writes from outside.",
    "new_participant": "The sender was not part of this conversation before.",
    "partly_signed": "The signature covers only the beginning of the text; the rest could be "
    "anybody's.",
    "reply_to_elsewhere": "Answers would go to another organisation than the sender's.",
    "results_in_our_name": "The message brings results of authentication in our name. They are "
    "forged and were not believed.",
    "unreadable": "The message could not be read; only its original is here.",
}
