"""From the shapes of a shop's tables to views that fit: all of it guessed, all of it explained."""
