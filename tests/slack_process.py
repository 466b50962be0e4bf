"""`citewise slack` as a process of its own, with a Chatbot whose answers grow."""

import sys

from slack_bot import Growing

import qa.chatbot
from qa import Settings

if __name__ == "__main__":
    qa.chatbot.Chatbot = Growing
    from ui import slack
    from ui.slack import reply

    reply._PACE = 0.0
    slack.run(Settings.from_env())
    sys.exit(0)
