"""The template: a process that has loaded every program, and is forked for each child."""
