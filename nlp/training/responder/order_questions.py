"""How customers ask about an order: where it is, when it comes, who carries it, what it cost."""

from __future__ import annotations

WHERE = (
    "where is my (order|package|parcel|stuff)?",
    "where's my (order|package|parcel) (right now|at the moment|)?",
    "(can you|could you) (tell me|check|look up) where my (order|parcel|package) is?",
    "I want to know where my (order|parcel) is",
    "what's (the status of|happening with|going on with) my (order|parcel|purchase)?",
    "(order|delivery|shipping|package) status",
    "status of (my order|order {order.number}|{order.number})",
    "any (news|update|updates) on my (order|delivery|parcel)?",
    "(track|tracking) my (order|package|parcel)",
    "I (want|would like|need) to track my (order|package|parcel|shipment)",
    "how (can|do) I track (my order|my parcel|a package)?",
    "has my (order|parcel|package) (been sent|shipped|been shipped|gone out|left) yet?",
    "did you (send|ship|dispatch) my (order|stuff|{thing}) (already|yet)?",
    "is my (order|{thing}) (on its way|shipped|coming) (yet|)?",
    "where is order {order.number}?",
    "what about (order|my order) {order.number}?",
    "(status|update) on {order.number} please",
    "{order.number} where is it?",
    "(order|order number|order no) {order.number}",
    "I (ordered|bought) (a {thing}|something) (last week|a few days ago) and (heard nothing|still nothing)",
    "my (order|parcel|{thing}) (hasn't|has not) (arrived|come|shown up) (yet|)",
    "I (haven't|have not) received my (order|parcel|package|{thing}) (yet|)",
    "still waiting for my (order|parcel|{thing})",
    "(wheres|where) my {thing}",
    "I'm (looking for|waiting on) my (order|package|{thing})",
    "how far is my (order|parcel|package)?",
    "did my order go through?",
    "check my (order|order status|delivery)",
    "what happened to my (order|package|{thing})?",
    "is there a problem with my (order|delivery)?",
    "my order",
)
LOST = (
    "(it says|the tracking says|you say) delivered but I (have nothing|never got it|didn't get anything)",
    "(my order|the parcel) was marked as delivered but (it's not here|I don't have it)",
    "I never received my (order|parcel|package|{thing})",
    "delivered? I got nothing",
    "my (parcel|package) is (lost|gone|missing|stolen)",
)
WHEN = (
    "when (will|does) my (order|parcel|package|{thing}) (arrive|come|get here|be delivered)?",
    "when can I expect my (order|parcel|delivery|{thing})?",
    "(what day|which day|what date) will (it|my order|my parcel) (arrive|be here|be delivered)?",
    "how (long|much longer) (will|until) my (order|parcel) (take|takes|arrives)?",
    "how long do I have to wait for my (order|{thing})?",
    "will (it|my order|my parcel|the {thing}) be here (tomorrow|today|by friday|this week|before the weekend)?",
    "(when is|what's) my delivery (date|day|coming)?",
    "(arrival|delivery) date (of my order|for {order.number}|)",
    "when will {order.number} (arrive|be delivered|get here)?",
    "do you know when my (order|parcel|{thing}) (arrives|comes|will be delivered)?",
    "expected delivery of my order",
    "eta (for|on) (my order|{order.number}|my package)?",
    "is my (order|parcel) (arriving|coming) (today|tomorrow|this week)?",
)
TRACKING = (
    "what's (my|the) tracking (number|code|id)?",
    "(can I|could I|may I) (have|get) (my|the|a) tracking (number|code)?",
    "(send|give) me (the|my) tracking (number|code|info|link)",
    "tracking (number|code) (for my order|for {order.number}|)",
    "I (need|want|never got) (the|a|my) tracking (number|code)",
    "do you have a tracking (number|code) for (my order|my parcel|me)?",
    "I can't find (my|the) tracking (number|code)",
)
CARRIER = (
    "who (delivers|is delivering|is bringing|ships) my (order|parcel|package)?",
    "which (carrier|courier|delivery company|shipping company) (is it|do you use for my order|has my parcel)?",
    "is it (coming with|delivered by|sent with) (ups|dhl|fedex|the post)?",
    "(what|which) courier (is bringing|has) my (order|parcel|{thing})?",
)
COST = (
    "how much (was|did I pay for) my (order|last order)?",
    "what (was|is) the total of my order?",
    "what did I pay for (my order|order {order.number}|{order.number})?",
    "order total",
    "how much did {order.number} cost?",
)
CONTENT = (
    "what did I order?",
    "what (is|was) in my (order|parcel|package)?",
    "which (items|things|product) did I order?",
    "what's in (order|) {order.number}?",
    "(can you|could you) tell me what I ordered?",
)
PLACED = (
    "when did I (order|place my order|buy it|buy that)?",
    "what date did I (place my order|order)?",
    "(date of my order|order date)",
    "when was (my order|{order.number}) placed?",
)
ALL = WHERE + WHEN + TRACKING + CARRIER

FOLLOW_WHEN = (
    "(and|ok and|so) when (does it|will it|is it going to) (arrive|come|get here)?",
    "when (does|will) it (arrive|come|get here)?",
    "and when?",
    "when will that be?",
    "(what day|which day) (exactly|)?",
    "how long will (it|that) take?",
    "so when can I expect it?",
)
FOLLOW_WHERE = (
    "(and|so) where is it (now|)?",
    "where is it?",
    "(and|so) what's the status?",
    "has it (shipped|been sent|left) yet?",
    "what about {order.number}?",
    "the first one",
    "the other one",
    "I mean {order.number}",
    "{order.number}",
    "{order.number} {email}",
    "{email} {order.number}",
    "it's {order.number}, {email}",
    "order (number|) {order.number}, email {email}",
    "my (email|e-mail) is {email} and the order is {order.number}",
    "{email}",
    "sure, {order.number} and {email}",
)
FOLLOW_TRACKING = (
    "(and|ok,) (what's|do you have) the tracking (number|code)?",
    "(can I track it|how do I track it|can I follow it)?",
    "tracking number?",
    "and the tracking?",
)
FOLLOW_CARRIER = ("(and|) who (delivers|is bringing) it?", "(with|by) which carrier?", "which courier?", "dhl or ups?")
