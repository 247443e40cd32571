"""The customer book: who the branch's customers are, what they hold, and how they are told apart."""
