"""Scenes on the customer account, the newsletter and reviews, and answers taken from a policy article."""

from __future__ import annotations

from nlp.training.responder.grammar import Scene, maybe, say

CREATE = (
    "how (do|can) I (create|open|make|set up) an account?",
    "I (want|would like) to (create|open) an account",
    "(sign up|register|new account)",
    "how do I (register|sign up)?",
    "where can I (register|sign up)?",
    "(create|make) account",
    "can I register as a new customer?",
)
EDIT = (
    "how (do|can) I (change|edit|update) my (email|e-mail address|phone number|name|profile|account details|data)?",
    "I (want|need) to (change|update) my (email|phone number|name|details|profile|billing address) (in my account|)",
    "(edit|update|change) (my account|profile|account details|personal data)",
    "my (email|phone number|last name) has changed",
    "where can I edit my (account|profile|details)?",
    "there's a mistake in my account details",
)
DELETE = (
    "how (do|can) I (delete|close|remove) my account?",
    "I (want|would like) to (delete|close) my account",
    "(delete|close|remove) (my account|account|all my data)",
    "please (delete|erase) my (account|data|profile)",
    "I don't want an account (with you|) anymore",
    "can you remove my account?",
)
SWITCH = (
    "(can|how do) I (switch|change) to (another|a different|my other) account?",
    "I have two accounts, how do I (switch|use the other one)?",
    "(switch|change) (account|accounts|user)",
    "I'm signed in with the wrong account",
    "how do I log out and use another account?",
    "I want to use my (business|other|wife's) account",
    "log in with a different account",
)
PASSWORD = (
    "I forgot my password",
    "(how do I|how can I|can you) (reset|change) my password?",
    "(reset|forgot|lost|change) (my|) password",
    "I (can't|cannot) (log in|sign in|get into my account)",
    "my password (doesn't work|isn't working|is wrong)",
    "I need a new password",
    "(login|sign in) (doesn't work|problem|not working)",
    "locked out of my account",
)
SIGNUP = (
    "I (can't|cannot) (sign up|register|create an account)",
    "(sign up|registration|the registration form) (doesn't work|fails|gives an error|is broken)",
    "(error|problem) (when|while) (registering|signing up|creating an account)",
    "the registration keeps failing",
    "I want to register but it doesn't let me",
)
NO_EMAIL = (
    "I didn't get the (confirmation|activation) (email|link) (after registering|)",
    "the (confirmation|activation|verification) (email|link) (doesn't come|never arrived|isn't there)",
    "where is my (confirmation|activation) email?",
    "still no (activation|confirmation) email",
)
TAKEN = (
    "it says my email is already (used|taken|registered)",
    "(my email|the address) is already (in use|taken), I can't sign up",
    "your form says there is already an account with my email, is it already registered?",
)
NO_RESET_EMAIL = (
    "the password reset (email|link) (doesn't come|never arrived|is not there)",
    "I didn't get the reset (email|link|mail)",
    "where is the reset email?",
)
NEWSLETTER = (
    "how (do|can) I (subscribe to|unsubscribe from|sign up for|cancel|stop) (the|your) newsletter?",
    "(subscribe|unsubscribe) (newsletter|me|from the newsletter|)",
    "(please stop sending|I don't want) (me|any more|) (emails|newsletters|marketing mails)",
    "do you have a newsletter?",
    "I (want|would like) to (get|receive) (the|your) newsletter",
    "take me off your mailing list",
    "newsletter",
)
REVIEW = (
    "(how|where) (do|can) I (leave|write|post) a review?",
    "I (want|would like) to (leave|write) (a review|feedback|a comment) (about|for) (the {thing}|my order|your shop)",
    "(leave|write) a review",
    "(can I|how can I) (rate|review) (the {thing}|a product|you)?",
    "where can I (give|share) (feedback|my opinion)?",
)
# What articles answer, by the first words of the sentence that does (`worlds.ARTICLES`).
_ARTICLE_ASKS = {
    "gifts": (
        "(do|can) you (offer|do|have) gift (wrapping|wrap)?",
        "can you wrap it as a gift?",
        "it is a present, can you wrap it?",
    ),
    "collect": (
        "can I (pick up|collect) my order (myself|in the store|)?",
        "do you (have|offer) (click and collect|store pick-up|in-store pickup)?",
        "do you have a (shop|store) where I can pick it up?",
    ),
    "cards": ("how long is a gift card valid?", "does my gift card expire?", "until when can I use a gift card?"),
    "sale": ("can I return (sale|reduced|discounted) items?", "do returns work for sale items too?"),
    "hygiene": ("what about (hygiene items|underwear|opened items)?", "can I return (underwear|opened cosmetics)?"),
    "neighbour": (
        "what (happens|is) if I'm not home (when it is delivered|)?",
        "nobody is home during the day, what happens then?",
    ),
    "secure": ("is my payment secure?", "how (safe|secure) is paying (with|) my card here?"),
}

# What is done where stands in no fact: without its link nobody is told how to do it.
_UNKNOWN = "I don't have the page for that here, but a colleague can help you. Shall I bring one in?"

# situation, asks, answers without and with the link, follow-up, weight
_STEPS = (
    (
        "account_create/general",
        CREATE,
        (
            _UNKNOWN,
            "You can create your account here: {link.signup}",
            "You can sign up for an account here: {link.signup}",
        ),
        "how do I get an account?",
        2.0,
    ),
    (
        "account_edit/general",
        EDIT,
        (
            _UNKNOWN,
            "You can change your details in your account: {link.account}",
            "Your details can be changed here: {link.account}",
        ),
        "and where do I change my email?",
        2.0,
    ),
    (
        "account_delete/general",
        DELETE,
        (
            _UNKNOWN,
            "You can delete your account here: {link.account}",
            "You can close your account here: {link.account}",
        ),
        "and how do I delete it?",
        2.0,
    ),
    (
        "account_switch/general",
        SWITCH,
        (
            _UNKNOWN,
            "Sign out and then sign in with the other account here: {link.account}",
            "Please sign out, then sign in again with the other account: {link.account}",
        ),
        "how do I switch?",
        1.5,
    ),
    (
        "password_reset/general",
        PASSWORD,
        (
            _UNKNOWN,
            "You can set a new password here: {link.password}",
            "You can reset your password here: {link.password}",
        ),
        "and if I forgot the password?",
        2.5,
    ),
    (
        "newsletter/general",
        NEWSLETTER,
        (
            _UNKNOWN,
            "You can subscribe or unsubscribe here: {link.newsletter}",
            "Newsletter settings are here, to subscribe or unsubscribe: {link.newsletter}",
        ),
        "and the newsletter?",
        1.5,
    ),
    (
        "review/general",
        REVIEW,
        (
            _UNKNOWN,
            "You can leave a review here: {link.reviews}",
            "You can leave a review here: {link.reviews} Thank you for taking the time!",
            "We'd love to read your review: {link.reviews}",
            "Thank you! You can write your review here: {link.reviews}",
        ),
        "where can I write that?",
        1.5,
    ),
)


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    steps = [
        Scene(situation, asks, (say(*answers),), (follow_up,), weight=weight)
        for situation, asks, answers, follow_up, weight in _STEPS
    ]
    signup = Scene(
        "signup_problem/general",
        SIGNUP,
        (
            say(
                "I'm sorry the sign-up isn't working.",
                "Sorry about the trouble with signing up.",
            ),
            say(
                "Please try it once more.",
                "Please try again here: {link.signup}",
                "Please try it once more here: {link.signup}",
            ),
            say(
                "If it still fails, tell me and I'll bring in a colleague.",
                "If it still fails, write to us: {link.contact}",
                "If that doesn't help, we're here: {link.contact}",
            ),
        ),
        apology="",
        weight=2.0,
    )
    if_missing = say(
        "If it isn't there, tell me and I'll bring in a colleague.",
        "If you can't find it, tell me and a colleague will help you.",
    )
    no_email = (
        say(
            "I'm sorry the e-mail has not reached you. Please look in your spam folder too.",
            "Sorry about the missing e-mail. Please check your spam folder first.",
        ),
        if_missing,
    )
    taken = (
        say(
            "That means there already is an account with this e-mail address, so you can sign in with it.",
            "There already is an account with this address then, so you don't have to sign up again: just sign in.",
        ),
        say(
            "If it isn't yours, tell me and I'll bring in a colleague.",
            "If you can't get in, tell me and a colleague will help you.",
        ),
    )
    no_reset_email = (
        say(
            "I'm sorry the e-mail has not reached you. Please look in your spam folder too.",
            "I'm sorry the e-mail has not reached you. Please look in your spam folder too, or ask for a new one here: "
            "{link.password}",
            "Sorry about the missing e-mail. Please check your spam folder, or try it again here: {link.password}",
        ),
        if_missing,
    )
    mails = [
        Scene("signup_problem/general", NO_EMAIL, no_email, given={"asks": "email"}, apology="", weight=1.0),
        Scene("signup_problem/general", TAKEN, taken, given={"asks": "taken"}, apology="trouble", weight=0.7),
        Scene("password_reset/general", NO_RESET_EMAIL, no_reset_email, given={"asks": "email"}, apology="",
              weight=0.8),
    ]  # fmt: skip
    article = (
        say("{article.text}."),
        maybe(
            "You can read more here: {article.link}",
            "More about it: {article.link}",
            "The details are here: {article.link}",
        ),
    )
    rows = ("delivery_options", "refund_policy", "payment_methods", "warranty", "product_question")
    articles = [
        Scene(f"{intent}/article", asks, article, always=("article.text",),
              weight=0.7 / len(_ARTICLE_ASKS), article=key)
        for intent in rows
        for key, asks in _ARTICLE_ASKS.items()
    ]  # fmt: skip
    return [*steps, signup, *mails, *articles]
