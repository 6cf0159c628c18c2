"""Step ⑦: plan, class table, search, recoding, verification. Plain files in, plain files out."""
