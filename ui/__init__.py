"""The front ends: command line, browser, REST and Slack, each showing the same Answer."""
