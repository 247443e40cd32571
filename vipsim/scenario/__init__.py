"""The scenario: the typed declaration of the world and the policy, and the files that hold it."""
