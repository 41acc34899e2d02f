"""The 64 words. Each was chosen because a free recording of a real person saying it exists (see real_people.py)."""

DIGITS = "zero one two three four five six seven eight nine".split()
DAYS = "sunday monday tuesday wednesday thursday friday saturday".split()
MONTHS = "january february march april may june july august september october november december".split()
PHONE = (
    "hello goodbye minutes seconds number today tomorrow yesterday hundred thousand million dollars star time message"
).split()
THINGS = (
    "hat nose mouth shoe umbrella ball flower tree train bicycle camel girl woman donkey rocket planet onion cheese "
    "mushroom tomato"
).split()
WORDS = DIGITS + DAYS + MONTHS + PHONE + THINGS
