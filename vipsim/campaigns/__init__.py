"""Campaigns of one replication: lists, invitations, staff minutes, guests, money, and where the effect is lost."""
