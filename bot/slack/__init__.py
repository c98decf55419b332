"""The wire to Slack: `ingress` takes in what Slack tells us, `client` sends what we tell Slack."""
